#include "worker/compat.hpp"

#ifdef IMPACT_TORCH_CUDA_HEADERS
#include <c10/cuda/CUDACachingAllocator.h>
#include <cuda_runtime_api.h>
#endif

namespace impact::worker::compat {

#ifdef IMPACT_TORCH_CUDA_HEADERS

namespace {
auto index_of(const torch::Device& device) {
  return static_cast<c10::DeviceIndex>(device.has_index() ? device.index() : 0);
}
}  // namespace

std::optional<DeviceMemory> device_memory(const torch::Device& device) {
  if (!device.is_cuda()) {
    return std::nullopt;
  }
  const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(index_of(device));
  return DeviceMemory{stats.allocated_bytes[0].peak, stats.reserved_bytes[0].peak, stats.allocated_bytes[0].current};
}

void reset_peak_device_memory(const torch::Device& device) {
  if (device.is_cuda()) {
    c10::cuda::CUDACachingAllocator::resetPeakStats(index_of(device));
  }
}

#else

std::optional<DeviceMemory> device_memory(const torch::Device& /*device*/) { return std::nullopt; }
void reset_peak_device_memory(const torch::Device& /*device*/) {}

#endif

// The properties' structure changes with the CUDA headers; the parent names the device through its own driver library.
std::optional<std::string> device_name(const torch::Device& device) {
  if (device.is_cuda()) {
    return "cuda:" + std::to_string(device.has_index() ? device.index() : 0);
  }
  return std::nullopt;
}

}  // namespace impact::worker::compat
