// Lists CUDA devices as NVIDIA's driver names them: torch counts from 0 and leaves out what CUDA_VISIBLE_DEVICES hides,
// while readings of their energy go by UUID. Nothing here needs a header of CUDA.
#pragma once

#include "worker/protocol.hpp"

#include <ATen/core/ivalue.h>  // goes first: clang refuses the others where it is not known yet

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace impact::worker {

struct Gpu {
  std::string device;             // is torch's name: "cuda:0"
  std::string name;               // is "NVIDIA H100 80GB HBM3", say; empty if not told
  std::string uuid;               // is "GPU-8a56c8b2-…", as NVML writes it; empty if not told
  std::string pci_bus_id;         // is "0000:17:00.0", as /sys writes it; a MIG instance has that of its GPU
  std::int64_t memory_bytes = 0;  // is 0 if not told
  int capability_major = 0;       // compute capability 9.0 is 9 and 0; 0 if not told
  int capability_minor = 0;
};

// Holds what the driver says. `problem` says why there is no device, and is empty if there is one.
struct GpuDriver {
  std::string problem;
  std::vector<Gpu> gpus;
};

// Asks the CUDA driver library, which is loaded if it is not yet; makes no context.
GpuDriver ask_gpu_driver(const char* library = "libcuda.so.1");

// Says why this worker sees no CUDA device: torch was built without, there is no driver, or the environment hides them.
// It is empty if there is one.
std::string why_no_gpu();

// Tells hello and loaded those of `devices` that are GPUs, or all if none are named. What was not told is null.
Json described_gpus(const std::vector<torch::Device>& devices);

// Does the first work on every device: one that others hold, or that this torch has no kernels for, shows at once, as
// a c10::Error.
void try_devices(const std::vector<torch::Device>& devices);

// Turns 16 bytes into "GPU-" and five groups of hexadecimal digits.
std::string uuid_text(const unsigned char* bytes);

}  // namespace impact::worker
