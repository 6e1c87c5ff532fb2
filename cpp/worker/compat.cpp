#include "worker/compat.hpp"

#include "worker/blas.hpp"

#include <ATen/Version.h>

#if IMPACT_TORCH_AT_LEAST(2, 9)
#include <c10/core/CachingDeviceAllocator.h>
#elif defined(IMPACT_TORCH_CUDA_HEADERS)
#include <c10/cuda/CUDACachingAllocator.h>
#endif

namespace impact::worker::compat {

#if IMPACT_TORCH_AT_LEAST(2, 9) || defined(IMPACT_TORCH_CUDA_HEADERS)

namespace {

#if IMPACT_TORCH_AT_LEAST(2, 9)
auto* cuda_allocator() { return c10::getDeviceAllocator(torch::kCUDA); }
#else
auto* cuda_allocator() { return c10::cuda::CUDACachingAllocator::get(); }
#endif

// Finds what holds a CUDA device's memory; nullptr for other devices, and before any was used.
auto* allocator_of(const torch::Device& device) {
  using Pointer = decltype(cuda_allocator());
  if (!device.is_cuda() || !torch::cuda::is_available()) {
    return Pointer{nullptr};
  }
  auto* allocator = cuda_allocator();
  return allocator != nullptr && allocator->initialized() ? allocator : nullptr;
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

void release_device_memory(const torch::Device& device) {
  if (auto* allocator = allocator_of(device); allocator != nullptr) {
    allocator->emptyCache();
  }
}

#else

std::optional<DeviceMemory> device_memory(const torch::Device& /*device*/) { return std::nullopt; }
void reset_peak_device_memory(const torch::Device& /*device*/) {}
void release_device_memory(const torch::Device& /*device*/) {}

#endif

std::optional<DeviceMemory> device_memory(const std::vector<torch::Device>& devices) {
  std::optional<DeviceMemory> sum;
  for (const auto& device : devices) {
    const auto memory = device_memory(device);
    if (!memory) {
      return std::nullopt;
    }
    const auto before = sum.value_or(DeviceMemory{});
    sum = DeviceMemory{before.peak_allocated_bytes + memory->peak_allocated_bytes,
                       before.peak_reserved_bytes + memory->peak_reserved_bytes,
                       before.allocated_bytes + memory->allocated_bytes};
  }
  return sum;
}

std::optional<std::string> blas() {
  if (at::hasMKL()) {
    const auto text =
        at::get_mkl_version();  // "Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build … for …"
    return text.substr(0, text.find("-Product"));
  }
  return impact::worker::blas::openblas();
}

}  // namespace impact::worker::compat
