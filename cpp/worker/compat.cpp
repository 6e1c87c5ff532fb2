#include "worker/compat.hpp"

#include "worker/blas.hpp"

#include <ATen/Version.h>

#ifdef IMPACT_TORCH_CUDA_HEADERS
#include <c10/cuda/CUDACachingAllocator.h>
#include <cuda_runtime_api.h>
#elif IMPACT_TORCH_AT_LEAST(2, 9)
#include <c10/core/CachingDeviceAllocator.h>
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

#elif IMPACT_TORCH_AT_LEAST(2, 9)

// From here on torch tells it through a header of its own, without those of CUDA.
namespace {
c10::DeviceAllocator* allocator_of(const torch::Device& device) {
  if (!device.is_cuda() || !torch::cuda::is_available()) {
    return nullptr;
  }
  auto* allocator = c10::getDeviceAllocator(torch::kCUDA);
  return allocator->initialized() ? allocator : nullptr;
}
c10::DeviceIndex index_of(const torch::Device& device) {
  return device.has_index() ? device.index() : c10::DeviceIndex{0};
}
}  // namespace

std::optional<DeviceMemory> device_memory(const torch::Device& device) {
  auto* allocator = allocator_of(device);
  if (allocator == nullptr) {
    return std::nullopt;
  }
  const auto stats = allocator->getDeviceStats(index_of(device));
  return DeviceMemory{stats.allocated_bytes[0].peak, stats.reserved_bytes[0].peak, stats.allocated_bytes[0].current};
}

void reset_peak_device_memory(const torch::Device& device) {
  if (auto* allocator = allocator_of(device); allocator != nullptr) {
    allocator->resetPeakStats(index_of(device));
  }
}

#else

std::optional<DeviceMemory> device_memory(const torch::Device& /*device*/) { return std::nullopt; }
void reset_peak_device_memory(const torch::Device& /*device*/) {}

#endif

std::optional<DeviceMemory> device_memory(const std::vector<torch::Device>& devices) {
  std::optional<DeviceMemory> sum;
  for (const auto& device : devices) {
    const auto one = device_memory(device);
    if (!one) {
      return std::nullopt;
    }
    const auto before = sum.value_or(DeviceMemory{});
    sum = DeviceMemory{before.peak_allocated_bytes + one->peak_allocated_bytes,
                       before.peak_reserved_bytes + one->peak_reserved_bytes,
                       before.allocated_bytes + one->allocated_bytes};
  }
  return sum;
}

std::optional<std::string> blas() {
  if (at::hasMKL()) {
    const auto text = at::get_mkl_version();  // "Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build … for …"
    return text.substr(0, text.find("-Product"));
  }
  return impact::worker::blas::openblas();
}

// The properties' structure changes with the CUDA headers; the parent names the device through its own driver library.
std::optional<std::string> device_name(const torch::Device& device) {
  if (device.is_cuda()) {
    return "cuda:" + std::to_string(device.has_index() ? device.index() : 0);
  }
  return std::nullopt;
}

}  // namespace impact::worker::compat
