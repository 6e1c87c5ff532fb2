#include "worker/config.hpp"

#include "worker/choices.hpp"
#include "worker/gpus.hpp"
#include "worker/process.hpp"
#include "worker/text.hpp"

#include <torch/cuda.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

namespace impact::worker {

Fields::Fields(const Json& command, std::vector<std::string> known) : command_(command) {
  known.insert(known.end(), {"cmd", "id"});
  for (const auto& [name, value] : command.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const auto near = near_matches(name, known);
      throw ProtocolError("bad-value", "unknown field \"" + name + "\"",
                          near.empty() ? "known: " + joined(known) : "did you mean " + joined(near) + "?");
    }
  }
}

void Fields::refuse(const std::string& name, const std::string& takes) const {
  throw ProtocolError("bad-value",
                      "\"" + name + "\" takes " + takes + ", not " + (has(name) ? command_[name].dump() : "nothing"));
}

bool Fields::has(const std::string& name) const { return command_.contains(name) && !command_[name].is_null(); }

std::string Fields::text(const std::string& name, const std::string& otherwise) const {
  if (!has(name)) {
    return otherwise;
  }
  return command_[name].is_string() ? command_[name].get<std::string>() : (refuse(name, "a text"), "");
}

std::string Fields::required_text(const std::string& name) const {
  const auto value = text(name, "");
  return value.empty() ? (refuse(name, "a text"), "") : value;
}

std::string Fields::choice(const std::string& name, const std::string& otherwise,
                           const std::vector<std::string>& choices) const {
  const auto value = text(name, otherwise);
  if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
    refuse(name, "one of " + joined(choices));
  }
  return value;
}

std::int64_t Fields::whole(const std::string& name, std::int64_t otherwise, std::int64_t least) const {
  if (!has(name)) {
    return otherwise;
  }
  const auto& value = command_[name];
  if (!value.is_number_integer() || value.get<std::int64_t>() < least) {
    refuse(name, "a whole number of at least " + std::to_string(least));
  }
  return value.get<std::int64_t>();
}

double Fields::number(const std::string& name, double otherwise, double least) const {
  if (!has(name)) {
    return otherwise;
  }
  const auto& value = command_[name];
  if (!value.is_number() || !(value.get<double>() >= least) || !std::isfinite(value.get<double>())) {
    refuse(name, "a number of at least " + std::to_string(least));
  }
  return value.get<double>();
}

bool Fields::flag(const std::string& name, bool otherwise) const {
  if (!has(name)) {
    return otherwise;
  }
  return command_[name].is_boolean() ? command_[name].get<bool>() : (refuse(name, "true or false"), false);
}

std::vector<std::int64_t> Fields::wholes(const std::string& name) const {
  if (!has(name)) {
    return {};
  }
  const auto& value = command_[name];
  const auto good = [](const Json& v) { return v.is_number_integer() && v.get<std::int64_t>() > 0; };
  if (good(value)) {
    return {value.get<std::int64_t>()};
  }
  if (!value.is_array() || value.empty() || !std::all_of(value.begin(), value.end(), good)) {
    refuse(name, "a whole number above 0 or a list of them");
  }
  return value.get<std::vector<std::int64_t>>();
}

std::int64_t available_threads() {
  const auto all = std::max<std::int64_t>(1, std::thread::hardware_concurrency());
  return process::allowed_cpus().value_or(all);
}

std::vector<std::string> available_devices() {
  std::vector<std::string> devices{"cpu"};
  const auto count = torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0;
  for (int i = 0; i < count; ++i) {
    devices.push_back("cuda:" + std::to_string(i));
  }
  return devices;
}

void check_forced_precision(const std::string& precision) {
  // NVIDIA's libraries obey it before what a program asks for: the joules would be those of another precision.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): it is called between phases, by the thread that reads commands
  const char* forced = std::getenv("NVIDIA_TF32_OVERRIDE");
  if (forced != nullptr && ((precision == "tf32" && *forced == '0') || (precision == "fp32" && *forced == '1'))) {
    throw ProtocolError("bad-value", "NVIDIA_TF32_OVERRIDE=" + std::string(forced) + " forbids " + precision,
                        "unset it, or ask for another precision");
  }
}

void check_bf16_of_processor() {
  // oneDNN as Debian builds it for Arm has none, and yet is asked on processors that know bfloat16.
  const auto plane = torch::ones({1, 1, 32, 32}, torch::kBFloat16);
  try {
    const torch::InferenceMode guard;
    torch::conv2d(plane, torch::ones({1, 1, 3, 3}, torch::kBFloat16));
    torch::matmul(plane[0][0], plane[0][0]);
  } catch (const std::exception& e) {
    throw ProtocolError("bad-value", "this torch cannot compute in bf16 on this processor: " + first_line(e.what()),
                        "ask for fp32, or build the worker against another torch (IMPACT_TORCH_ROOT)");
  }
}

bool channels_last_is_best(const torch::Device& device, const std::string& precision) {
  // cuDNN's own order for plain fp32 is channels first; it is the tensor cores that want channels last.
  return !device.is_cuda() || precision != "fp32";
}

namespace {

const NetworkSpec& known_network(const std::string& name) {
  if (const auto* spec = find_network(name)) {
    return *spec;
  }
  std::vector<std::string> all;
  for (const auto& spec : network_specs()) {
    all.push_back(spec.name);
  }
  const auto near = near_networks(name);
  throw ProtocolError("unknown-network", "there is no network \"" + name + "\"",
                      near.empty() ? "known: " + joined(all) : "did you mean " + joined(near) + "?");
}

// Says what exists, and why no GPU does where none was found.
std::string what_exists() {
  const auto why = why_no_gpu();
  return "this worker (torch " TORCH_VERSION ") sees: " + joined(available_devices()) +
         (why.empty() ? "" : "; no GPU: " + why);
}

torch::Device known_device(const std::string& name) {
  const auto devices = available_devices();
  const auto full = name == "cuda" ? std::string("cuda:0") : name;
  if (std::find(devices.begin(), devices.end(), full) == devices.end()) {
    throw ProtocolError("no-device", "there is no device \"" + name + "\" here", what_exists());
  }
  return torch::Device(full);
}

// Older GPUs would compute in plain fp32 without a word.
void check_tf32(const torch::Device& device) {
  if (!device.is_cuda()) {
    throw ProtocolError("bad-value", "tf32 exists on CUDA devices only", "ask for fp32 or bf16, or for a CUDA device");
  }
  for (const auto& gpu : ask_gpu_driver().gpus) {
    if (gpu.device == device.str() && gpu.capability_major > 0 && gpu.capability_major < 8) {
      throw ProtocolError("bad-value", "tf32 needs compute capability 8.0 (Ampere), " + gpu.name + " is older",
                          "ask for fp32");
    }
  }
}

// Reads "replicas", where 0 means one on every GPU from `device` on, and one on a CPU.
std::int64_t replica_count(const torch::Device& device, std::int64_t asked, std::int64_t batch) {
  const auto after = device.is_cuda() ? static_cast<std::int64_t>(available_devices().size()) - 1 - device.index() : 0;
  const auto count = asked == 0 ? std::max<std::int64_t>(1, std::min(after, batch)) : asked;
  if (device.is_cuda() && count > after) {
    throw ProtocolError("no-device", std::to_string(count) + " replicas need as many GPUs from " + device.str() + " on",
                        what_exists());
  }
  if (count > batch) {
    throw ProtocolError("bad-value",
                        std::to_string(count) + " replicas cannot share a batch of " + std::to_string(batch),
                        "ask for a larger batch: it is that of all replicas together");
  }
  return count;
}

// Reads "size": one number for a square (or the length of a sequence), or one for each side.
std::vector<std::int64_t> input_shape(const NetworkSpec& spec, const Fields& fields) {
  auto shape = spec.input;
  if (fields.has("channels")) {
    if (shape.size() < 3) {
      throw ProtocolError("bad-value", spec.name + " has no channels");
    }
    shape[0] = fields.whole("channels", 0, 1);
  }
  const auto size = fields.wholes("size");
  const std::size_t channels = shape.size() > 1 && !spec.range.tokens ? 1 : 0;
  const auto sides = shape.size() - channels;
  if (spec.task == "sequence" && size.size() == 1) {
    shape[0] = size[0];  // [steps, features]
  } else if (size.size() == 1) {
    std::fill(shape.begin() + static_cast<std::ptrdiff_t>(channels), shape.end(), size[0]);
  } else if (size.size() == sides) {
    std::copy(size.begin(), size.end(), shape.begin() + static_cast<std::ptrdiff_t>(channels));
  } else if (!size.empty()) {
    throw ProtocolError("bad-value", spec.name + " takes a size of 1 or " + std::to_string(sides) + " numbers");
  }
  return shape;
}

}  // namespace

std::vector<torch::Device> LoadOptions::devices() const {
  std::vector<torch::Device> all;
  for (std::int64_t i = 0; i < replicas; ++i) {
    auto replica_device = device;
    if (device.is_cuda()) {
      replica_device.set_index(static_cast<c10::DeviceIndex>(device.index() + i));
    }
    all.push_back(replica_device);
  }
  return all;
}

void read_place(const Fields& f, LoadOptions& o) {
  o.precision = choice_of(f, "precision");
  o.device = known_device(f.text("device", "cpu"));
  if (o.precision == "tf32") {
    check_tf32(o.device);
  }
  if (o.device.is_cuda()) {
    check_forced_precision(o.precision);
  } else if (o.precision == "bf16") {
    check_bf16_of_processor();
  }
  o.threads = f.whole("threads", available_threads(), 1);
}

LoadOptions parse_load(const Json& command) {
  const Fields f(command, {"network", "batch", "size", "channels", "classes", "layout", "precision", "device",
                           "threads", "replicas", "seed", "batch_norm", "variant", "deterministic"});
  LoadOptions o;
  o.spec = &known_network(f.required_text("network"));
  o.build = default_options(*o.spec);
  o.build.input = input_shape(*o.spec, f);
  o.batch = f.whole("batch", 1, 1);
  o.build.classes = f.whole("classes", o.spec->classes, 1);
  if (o.build.classes != o.spec->classes && (o.spec->classes == 0 || !o.spec->any_classes)) {
    throw ProtocolError("bad-value", o.spec->name + " has no classes to choose");
  }
  read_place(f, o);
  const auto layout = choice_of(f, "layout");
  const bool wanted = layout == "auto" ? channels_last_is_best(o.device, o.precision) : layout == "channels_last";
  o.channels_last = wanted && o.build.input.size() == 3;
  o.replicas = replica_count(o.device, f.whole("replicas", 1, 0), o.batch);
  o.seed = static_cast<std::uint64_t>(f.whole("seed", 0, 0));
  o.deterministic = f.flag("deterministic", false);
  const auto statistics = choice_of(f, "batch_norm");
  o.build.batch_norm =
      static_cast<BatchNorm>(std::find(kBatchNorms.begin(), kBatchNorms.end(), statistics) - kBatchNorms.begin());
  if (!o.spec->variants.empty()) {
    o.build.variant = f.choice("variant", o.spec->variants.front(), o.spec->variants);
  } else if (f.has("variant")) {
    throw ProtocolError("bad-value", o.spec->name + " has no variants");
  }
  return o;
}

Limits parse_limits(const Fields& f, bool with_epochs) {
  Limits l;
  l.passes = f.whole("passes", 0, 1);
  l.images = f.whole("images", 0, 1);
  l.seconds = f.number("seconds", 0, 0);
  l.min_passes = f.whole("min_passes", 0, 0);
  l.hard_seconds = f.number("hard_seconds", 0, 0);
  l.epochs = with_epochs ? f.whole("epochs", 0, 1) : 0;
  if (l.passes == 0 && l.images == 0 && l.epochs == 0 && !(l.seconds > 0)) {
    throw ProtocolError("bad-value", "the phase has no end",
                        with_epochs ? "give epochs, passes, images or seconds" : "give passes, images or seconds");
  }
  return l;
}

}  // namespace impact::worker
