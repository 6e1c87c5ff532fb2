#include "worker/gpus.hpp"

#include "worker/compat.hpp"
#include "worker/text.hpp"

#include <ATen/DynamicLibrary.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

namespace impact::worker {
namespace {

constexpr int kSuccess = 0;

// Finds a call of the driver, if this version of it has it.
template <class Function>
Function* call(at::DynamicLibrary& library, const char* name) {
  try {
    return reinterpret_cast<Function*>(library.sym(name));
  } catch (const c10::Error&) {
    return nullptr;
  }
}

std::string words(at::DynamicLibrary& library, int status) {
  const char* text = nullptr;
  if (auto* const error_string = call<int(int, const char**)>(library, "cuGetErrorString"); error_string != nullptr) {
    error_string(status, &text);
  }
  return (text != nullptr ? std::string(text) : "error") + " (" + std::to_string(status) + ")";
}

std::string text_of(at::DynamicLibrary& library, const char* name, int handle) {
  std::array<char, 256> text{};
  auto* const ask = call<int(char*, int, int)>(library, name);
  return ask != nullptr && ask(text.data(), static_cast<int>(text.size()) - 1, handle) == kSuccess ? text.data() : "";
}

// The first form is that of the whole GPU also where the device is a MIG instance: so are its energy's readings.
std::string uuid_of(at::DynamicLibrary& library, int handle) {
  for (const char* name : {"cuDeviceGetUuid", "cuDeviceGetUuid_v2"}) {
    std::array<unsigned char, 16> bytes{};
    auto* const ask = call<int(unsigned char*, int)>(library, name);
    if (ask != nullptr && ask(bytes.data(), handle) == kSuccess) {
      return uuid_text(bytes.data());
    }
  }
  return "";
}

std::int64_t memory_of(at::DynamicLibrary& library, int handle) {
  std::size_t bytes = 0;
  auto* const ask = call<int(std::size_t*, int)>(library, "cuDeviceTotalMem_v2");
  return ask != nullptr && ask(&bytes, handle) == kSuccess ? static_cast<std::int64_t>(bytes) : 0;
}

// The two attributes' numbers are part of the driver's binary interface.
int attribute_of(at::DynamicLibrary& library, int attribute, int handle) {
  int value = 0;
  auto* const ask = call<int(int*, int, int)>(library, "cuDeviceGetAttribute");
  return ask != nullptr && ask(&value, attribute, handle) == kSuccess ? value : 0;
}

Gpu described(at::DynamicLibrary& library, int index, int handle) {
  constexpr int kCapabilityMajor = 75;
  constexpr int kCapabilityMinor = 76;
  return {"cuda:" + std::to_string(index),
          text_of(library, "cuDeviceGetName", handle),
          uuid_of(library, handle),
          lower(text_of(library, "cuDeviceGetPCIBusId", handle)),
          memory_of(library, handle),
          attribute_of(library, kCapabilityMajor, handle),
          attribute_of(library, kCapabilityMinor, handle)};
}

Json told(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// The running torch is asked, because one worker may be installed beside a torch with CUDA or without. Where torch lacks
// its libraries for CUDA, the question throws.
bool torch_has_cuda() {
  try {
    return at::detail::getCUDAHooks().versionCUDART() > 0;
  } catch (const c10::Error&) {
    return false;
  }
}

std::string hidden() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing of the worker changes the environment while threads run
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return visible == nullptr ? "" : "; CUDA_VISIBLE_DEVICES is \"" + std::string(visible) + "\"";
}

}  // namespace

std::string uuid_text(const unsigned char* bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text = "GPU-";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      text += '-';
    }
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

GpuDriver ask_gpu_driver(const char* name) {
  std::unique_ptr<at::DynamicLibrary> library;
  try {
    library = std::make_unique<at::DynamicLibrary>(name, nullptr, /*leak_handle=*/true);
  } catch (const c10::Error&) {
    return {std::string("NVIDIA's driver is not installed (no ") + name + ")", {}};
  }
  auto* const init = call<int(unsigned)>(*library, "cuInit");
  auto* const count_of = call<int(int*)>(*library, "cuDeviceGetCount");
  auto* const handle_of = call<int(int*, int)>(*library, "cuDeviceGet");
  if (init == nullptr || count_of == nullptr || handle_of == nullptr) {
    return {std::string(name) + " is not NVIDIA's driver", {}};
  }
  if (const int status = init(0); status != kSuccess) {
    return {"NVIDIA's driver: " + words(*library, status) + hidden(), {}};
  }
  int count = 0;
  if (const int status = count_of(&count); status != kSuccess || count == 0) {
    return {"NVIDIA's driver has no device" + (status == kSuccess ? "" : ": " + words(*library, status)) + hidden(),
            {}};
  }
  GpuDriver found;
  for (int i = 0; i < count; ++i) {
    int handle = 0;
    if (handle_of(&handle, i) == kSuccess) {
      found.gpus.push_back(described(*library, i, handle));
    }
  }
  return found;
}

std::string why_no_gpu() {
  if (torch::cuda::is_available()) {
    return "";
  }
  if (!torch_has_cuda()) {
    return "its torch was built without CUDA: build the worker with -DIMPACT_TORCH_ROOT=<a Python whose torch has "
           "CUDA>";
  }
  const auto driver = ask_gpu_driver();
  return driver.problem.empty() ? "torch cannot use NVIDIA's driver here: is the driver older than torch's CUDA?"
                                : driver.problem;
}

Json described_gpus(const std::vector<torch::Device>& devices) {
  Json all = Json::array();
  if (!torch::cuda::is_available()) {
    return all;
  }
  for (const auto& gpu : ask_gpu_driver().gpus) {
    const auto is_this = [&](const torch::Device& device) { return device.str() == gpu.device; };
    if (!devices.empty() && std::none_of(devices.begin(), devices.end(), is_this)) {
      continue;
    }
    const auto capability = std::to_string(gpu.capability_major) + "." + std::to_string(gpu.capability_minor);
    all.push_back({{"device", gpu.device},
                   {"name", told(gpu.name)},
                   {"uuid", told(gpu.uuid)},
                   {"pci_bus_id", told(gpu.pci_bus_id)},
                   {"memory_bytes", gpu.memory_bytes > 0 ? Json(gpu.memory_bytes) : Json(nullptr)},
                   {"compute_capability", gpu.capability_major > 0 ? Json(capability) : Json(nullptr)}});
  }
  return all;
}

void try_devices(const std::vector<torch::Device>& devices) {
  for (const auto& device : devices) {
    torch::ones({1}, torch::TensorOptions().device(device)).add_(1);
  }
  compat::synchronize(devices);
}

}  // namespace impact::worker
