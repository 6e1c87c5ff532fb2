#include "worker/observed.hpp"

#include "worker/compat.hpp"
#include "worker/gpus.hpp"
#include "worker/process.hpp"

#include <algorithm>

namespace impact::worker {
namespace {

using Times = std::map<std::int64_t, std::int64_t>;
using Counts = std::map<std::string, std::int64_t>;

// Returns the CPU time of every thread that lives, in between; one that came later began at zero.
Times spent(const Times& before, const Times& after) {
  Times difference;
  for (const auto& [thread, time] : after) {
    const auto earlier = before.find(thread);
    difference[thread] = time - (earlier == before.end() ? 0 : earlier->second);
  }
  return difference;
}

std::int64_t busiest(const Times& times) {
  std::int64_t most = 0;
  for (const auto& [thread, time] : times) {
    most = std::max(most, time);
  }
  return most;
}

// Tells whether the GPU has TF32 at all: older ones compute in fp32 whatever is set.
bool has_tf32(const torch::Device& device) {
  if (!device.is_cuda()) {
    return false;
  }
  for (const auto& gpu : ask_gpu_driver().gpus) {
    if (gpu.device == device.str()) {
      return gpu.capability_major >= 8;
    }
  }
  return false;
}

std::string name_of(torch::ScalarType type, bool tf32) {
  switch (type) {
    case torch::kFloat32: return tf32 ? "tf32" : "fp32";
    case torch::kBFloat16: return "bf16";
    case torch::kFloat16: return "fp16";
    default: return c10::toString(type);
  }
}

Json shares(const Counts& counts) {
  std::int64_t all = 0;
  for (const auto& [name, macs] : counts) {
    all += macs;
  }
  Json found = Json::object();
  for (const auto& [name, macs] : counts) {
    found[name] = static_cast<double>(macs) / static_cast<double>(std::max<std::int64_t>(all, 1));
  }
  return found;
}

Json largest(const Counts& counts) {
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? Json(nullptr) : Json(most->first);
}

}  // namespace

std::optional<std::int64_t> threads_at_work(const Times& before, const Times& after) {
  const auto times = spent(before, after);
  const auto most = busiest(times);
  if (most <= 0) {
    return std::nullopt;
  }
  return std::count_if(times.begin(), times.end(), [most](const auto& one) { return one.second * 20 >= most; });
}

void Observation::begin(const torch::Device& device) {
  const bool possible = has_tf32(device);
  tf32_products_ = possible && compat::tf32_is_allowed(/*cudnn=*/false);
  tf32_cudnn_ = possible && compat::tf32_is_allowed(/*cudnn=*/true);
  before_ = process::thread_cpu_ns();
}

void Observation::first_pass_done() {
  if (!census_) {
    return;
  }
  for (const auto& [what, macs] : census_->types()) {
    precisions_[name_of(what.type, what.product ? tf32_products_ : tf32_cudnn_)] += macs;
  }
  for (const auto& [format, macs] : census_->formats()) {
    layouts_[format == torch::MemoryFormat::ChannelsLast ? "channels_last"
             : format == torch::MemoryFormat::Contiguous ? "nchw"
                                                         : "strided"] += macs;
  }
  census_.reset();
}

void Observation::end(std::int64_t duration_ns) {
  const auto after = process::thread_cpu_ns();
  threads_ = threads_at_work(before_, after);
  if (threads_ && duration_ns > 0) {
    std::int64_t sum = 0;
    for (const auto& [thread, time] : spent(before_, after)) {
      sum += time;
    }
    busy_cpus_ = static_cast<double>(sum) / static_cast<double>(duration_ns);
  }
}

Json Observation::report() const {
  return {{"precision", largest(precisions_)},
          {"precision_shares", shares(precisions_)},
          {"layout", largest(layouts_)},
          {"layout_shares", shares(layouts_)},
          {"threads", threads_ ? Json(*threads_) : Json(nullptr)},
          {"busy_cpus", busy_cpus_ ? Json(*busy_cpus_) : Json(nullptr)}};
}

}  // namespace impact::worker
