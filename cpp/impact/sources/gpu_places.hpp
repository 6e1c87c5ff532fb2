#pragma once
// Lists the NVIDIA GPUs of the machine with the slices that MIG cut them into, and which of them a program may see.
//
// A slice has no sensor: the whole GPU's energy is one channel, and a slice's is a share of it by `slices`. Who uses a
// GPU at a moment the driver tells elsewhere; what a program may use follows from CUDA_VISIBLE_DEVICES.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "impact/sources/nvml_library.hpp"

namespace impact::nvml {

struct Slice {
  std::string uuid;  // begins with "MIG-"
  unsigned gpu_instance = 0;
  unsigned compute_instance = 0;
  unsigned slices = 1;          // is how many of GpuPlace::slices_in_all its GPU instance has
  unsigned compute_slices = 1;  // is how many of those it has: it may be a part of its GPU instance
};

struct GpuPlace {
  std::string device;  // is "gpu:GPU-8f…", as Channel::device
  std::string uuid;    // begins with "GPU-"
  std::string pci;     // is written as "0000:17:00.0"; empty where unknown
  std::string name;
  bool mig = false;
  unsigned slices_in_all = 0;  // is 7 on A100 and H100, 4 on A30, and 0 without MIG
  std::vector<Slice> slices;   // lists those that were cut, in use or not: the rest belongs to nobody
};

// Lists every GPU in NVML's order, which is the bus's.
std::vector<GpuPlace> gpu_places(const Nvml& library);

struct VisibleGpu {
  std::string device;                // is the whole GPU: "gpu:GPU-8f…"
  std::optional<std::string> slice;  // begins with "MIG-" where it is a slice alone
};

// Lists the GPUs that a program sees with CUDA_VISIBLE_DEVICES=`value` (nullopt where it is not set) and
// CUDA_DEVICE_ORDER=`order`, in its order. It returns nullopt where that cannot be known: indices on a machine whose
// GPUs differ, unless CUDA counts them as the bus does. As CUDA does, what follows a wrong entry is ignored, a GPU that
// is named twice leaves none, a whole GPU under MIG stands for its first slice, and a UUID may be cut short.
std::optional<std::vector<VisibleGpu>> visible_gpus(std::span<const GpuPlace> gpus,
                                                    std::optional<std::string_view> value,
                                                    std::optional<std::string_view> order = std::nullopt);

}  // namespace impact::nvml
