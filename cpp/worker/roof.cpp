#include "worker/roof.hpp"

#include "worker/blas.hpp"
#include "worker/choices.hpp"
#include "worker/compat.hpp"
#include "worker/gpus.hpp"
#include "worker/process.hpp"

#include <algorithm>
#include <cmath>

namespace impact::worker {
namespace {

constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kLeastArray = 64 * kMiB;
constexpr std::int64_t kArrayOfGpu = 1024 * kMiB;  // the caches of GPUs hold a quarter of it at most
constexpr std::int64_t kCachesAnArray = 4;
constexpr std::int64_t kFreeAnArray = 8;  // of what is free an array takes this part at most; there are three of them
constexpr double kPassSeconds = 0.02;     // beside which a pass's own begin and end are small
constexpr double kLongSeconds = 0.1;      // work that takes so long fills every device, and larger work is not tried
constexpr double kFaster = 1.02;
constexpr int kTries = 3;
constexpr std::int64_t kChannels = 256;
constexpr std::int64_t kSide = 56;

bool is_of_memory(const std::string& kind) { return kind == "triad" || kind == "copy"; }

}  // namespace

std::int64_t roof_array_bytes(std::int64_t asked, std::optional<std::int64_t> caches,
                              std::optional<std::int64_t> free) {
  if (asked > 0) {
    return asked;
  }
  const auto wanted = std::max(kLeastArray, kCachesAnArray * caches.value_or(0));
  return free ? std::min(wanted, std::max(kMiB, *free / kFreeAnArray)) : wanted;
}

RoofOptions parse_roof(const Json& command) {
  const Fields f(command, {"kind", "device", "precision", "threads", "seconds", "passes", "array_bytes"});
  RoofOptions o;
  o.kind = choice_of(f, "kind");
  read_place(f, o.load);
  o.limits = parse_limits(f, false);
  o.array_bytes = f.whole("array_bytes", 0, 4096);
  return o;
}

Roof::Roof(RoofOptions options) : options_(std::move(options)) {
  const auto& load = options_.load;
  compat::use_device(load.device);
  try_devices(load.devices());
  torch::set_num_threads(static_cast<int>(load.threads));
  blas::set_threads(static_cast<int>(load.threads));
  compat::allow_tf32(load.precision == "tf32");
  if (is_of_memory(options_.kind)) {
    array_bytes_ =
        load.device.is_cuda() && options_.array_bytes == 0
            ? kArrayOfGpu
            : roof_array_bytes(options_.array_bytes, process::last_cache_bytes(), process::available_memory_bytes());
    work_ = memory_work();
  } else if (options_.kind == "matmul") {
    choose([this](std::int64_t side) { return products(side); }, 512, load.device.is_cuda() ? 16384 : 8192);
  } else {
    choose([this](std::int64_t images) { return convolutions(images); }, 1, 256);
  }
  repeats_ = std::max<std::int64_t>(1, std::llround(std::ceil(kPassSeconds / std::max(seconds_of(work_), 1e-6))));
}

bool Roof::is_of(const RoofOptions& o) const {
  const auto& load = options_.load;
  return options_.kind == o.kind && options_.array_bytes == o.array_bytes && load.device == o.load.device &&
         load.precision == o.load.precision && load.threads == o.load.threads;
}

Roof::Work Roof::memory_work() const {
  const auto count = array_bytes_ / static_cast<std::int64_t>(sizeof(float));
  const auto filled = [&](float value) { return torch::full({count}, value, torch::device(options_.load.device)); };
  auto a = filled(0.0F);
  const auto b = filled(1.0F);
  const auto bytes = static_cast<double>(count) * sizeof(float);
  const auto what = "arrays of " + std::to_string(array_bytes_ / kMiB) + " MiB";
  if (options_.kind == "copy") {
    return {[a, b]() mutable { return a.copy_(b); }, 2 * bytes, what};
  }
  const auto c = filled(2.0F);
  return {[a, b, c]() mutable { return at::add_out(a, b, c, 3.0F); }, 3 * bytes, what};
}

Roof::Work Roof::products(std::int64_t side) const {
  const auto type = options_.load.precision == "bf16" ? torch::kBFloat16 : torch::kFloat32;
  const auto options = torch::device(options_.load.device).dtype(type);
  const auto a = torch::rand({side, side}, options);
  const auto b = torch::rand({side, side}, options);
  auto c = torch::empty({side, side}, options);
  const auto macs = std::pow(static_cast<double>(side), 3);
  return {[a, b, c]() mutable { return at::mm_out(c, a, b); }, macs,
          "products of matrices of " + std::to_string(side) + " x " + std::to_string(side)};
}

Roof::Work Roof::convolutions(std::int64_t images) const {
  // cuDNN may run larger kernels with fewer multiply-adds than are counted, and the roof would lie too high.
  const std::int64_t kernel = options_.load.device.is_cuda() ? 1 : 3;
  const auto type = options_.load.precision == "bf16" ? torch::kBFloat16 : torch::kFloat32;
  const auto options = torch::device(options_.load.device).dtype(type);
  const auto last = channels_last_is_best(options_.load.device, options_.load.precision)
                        ? torch::MemoryFormat::ChannelsLast
                        : torch::MemoryFormat::Contiguous;
  const auto input = torch::rand({images, kChannels, kSide, kSide}, options).contiguous(last);
  const auto weight = torch::rand({kChannels, kChannels, kernel, kernel}, options).contiguous(last);
  const auto macs = static_cast<double>(images * kChannels * kChannels * kSide * kSide * kernel * kernel);
  const auto sides = std::to_string(kernel) + " x " + std::to_string(kernel);
  return {[input, weight, kernel] { return torch::conv2d(input, weight, torch::Tensor{}, 1, kernel / 2); }, macs,
          "convolutions " + sides + " of 256 x 56 x 56, batch " + std::to_string(images)};
}

void Roof::choose(const std::function<Work(std::int64_t)>& make, std::int64_t first, std::int64_t most) {
  double best = 0;
  for (auto size = first; size <= most; size *= 2) {
    auto work = make(size);
    const auto seconds = seconds_of(work);
    const auto rate = work.amount / seconds;
    const bool faster = rate > best * kFaster;
    if (rate > best) {
      best = rate;
      work_ = std::move(work);
    }
    if (seconds >= kLongSeconds || (!faster && seconds >= kPassSeconds)) {
      return;
    }
  }
}

double Roof::seconds_of(const Work& work) const {
  const torch::InferenceMode guard;
  std::int64_t least = 0;
  for (int i = 0; i <= kTries; ++i) {
    const auto begin = monotonic_ns();
    work.run();
    compat::synchronize(options_.load.device);
    const auto spent = std::max<std::int64_t>(1, monotonic_ns() - begin);
    if (i > 0) {  // the first one touches memory and chooses kernels
      least = least == 0 ? spent : std::min(least, spent);
    }
  }
  return static_cast<double>(least) * 1e-9;
}

Json Roof::description() const {
  const bool memory = is_of_memory(options_.kind);
  const auto amount = work_.amount * static_cast<double>(repeats_);
  const auto blas = compat::blas();
  const auto caches = options_.load.device.is_cuda() ? std::nullopt : process::last_cache_bytes();
  return {{"kind", options_.kind},
          {"bytes_per_pass", memory ? Json(amount) : Json(nullptr)},
          {"macs_per_pass", memory ? Json(nullptr) : Json(amount)},
          {"what", work_.what},
          {"array_bytes", memory ? Json(array_bytes_) : Json(nullptr)},
          {"cache_bytes", caches ? Json(*caches) : Json(nullptr)},
          {"blas", blas ? Json(*blas) : Json(nullptr)}};
}

Json Roof::run(Phase& phase) {
  const torch::InferenceMode guard;
  while (phase.more()) {
    Tensor output;
    for (std::int64_t i = 0; i < repeats_; ++i) {
      output = work_.run();
    }
    phase.pass_done(1, output);
    phase.progress([](Json&) {});
  }
  phase.end();
  auto report = phase.report();
  report["roof"] = description();
  return report;
}

}  // namespace impact::worker
