// Start, stop, and who is who.
#include <algorithm>
#include <cstdlib>

#include "fakes/nvml/calls.hpp"

using namespace impact::fakes::nvml;

FAKE_NVML_API int nvmlInit_v2() { return Driver::instance().init(); }
FAKE_NVML_API int nvmlInit() { return nvmlInit_v2(); }
FAKE_NVML_API int nvmlInitWithFlags(unsigned) { return nvmlInit_v2(); }
FAKE_NVML_API int nvmlShutdown() { return Driver::instance().shutdown(); }

FAKE_NVML_API const char* nvmlErrorString(int code) {
  switch (code) {
    case kSuccess: return "The operation was successful";
    case kUninitialized: return "NVML was not first initialized with nvmlInit()";
    case kInvalidArgument: return "A supplied argument is invalid";
    case kNotSupported: return "The requested operation is not available on the target device";
    case kNoPermission: return "The current user does not have permission for operation";
    case kNotFound: return "A query to find an object was unsuccessful";
    case kInsufficientSize: return "An input argument is not large enough";
    case kDriverNotLoaded: return "NVIDIA driver is not loaded";
    case kGpuIsLost: return "The GPU has fallen off the bus or has otherwise become inaccessible";
    default: return "An internal driver error occurred";
  }
}

FAKE_NVML_API int nvmlSystemGetDriverVersion(char* text, unsigned length) {
  if (!Driver::instance().running()) return kUninitialized;
  return give_text(text, length, Driver::instance().version());
}

FAKE_NVML_API int nvmlSystemGetNVMLVersion(char* text, unsigned length) {
  return Driver::instance().running() ? give_text(text, length, "12." + Driver::instance().version()) : kUninitialized;
}

FAKE_NVML_API int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  return Driver::instance().running() ? give(version, 12040) : kUninitialized;
}
FAKE_NVML_API int nvmlSystemGetCudaDriverVersion(int* version) { return nvmlSystemGetCudaDriverVersion_v2(version); }

FAKE_NVML_API int nvmlDeviceGetCount_v2(unsigned* count) {
  if (!Driver::instance().running()) return kUninitialized;
  return give(count, static_cast<unsigned>(Driver::instance().gpus().size()));
}
FAKE_NVML_API int nvmlDeviceGetCount(unsigned* count) { return nvmlDeviceGetCount_v2(count); }

FAKE_NVML_API int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device** device) {
  if (!Driver::instance().running()) return kUninitialized;
  Device* found = Driver::instance().device(index);
  if (found == nullptr) return kInvalidArgument;
  // A GPU that is lost gives no handle.
  return on_gpu("HandleByIndex", found, [&](const auto&, auto) { return give(device, found); });
}
FAKE_NVML_API int nvmlDeviceGetHandleByIndex(unsigned index, Device** device) {
  return nvmlDeviceGetHandleByIndex_v2(index, device);
}

FAKE_NVML_API int nvmlDeviceGetHandleByUUID(const char* uuid, Device** device) {
  Driver& driver = Driver::instance();
  if (!driver.running()) return kUninitialized;
  if (uuid == nullptr) return kInvalidArgument;
  for (unsigned i = 0; i < driver.gpus().size(); ++i) {
    const auto& gpu = driver.gpus()[i];
    if (gpu.uuid == uuid) return give(device, driver.device(i));
    const auto mig = std::find(gpu.mig.begin(), gpu.mig.end(), uuid);
    if (mig != gpu.mig.end()) return give(device, driver.device(i, static_cast<int>(mig - gpu.mig.begin())));
  }
  return kNotFound;
}

FAKE_NVML_API int nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, Device** device) {
  Driver& driver = Driver::instance();
  if (!driver.running()) return kUninitialized;
  if (bus_id == nullptr) return kInvalidArgument;
  for (unsigned i = 0; i < driver.gpus().size(); ++i) {
    const std::string& full = driver.gpus()[i].pci;
    if (full == bus_id || full.substr(4) == bus_id) return give(device, driver.device(i));
  }
  return kNotFound;
}

FAKE_NVML_API int nvmlDeviceGetName(const Device* device, char* text, unsigned length) {
  return on_gpu(
      "Name", device,
      [&](const auto& gpu, auto) {
        return give_text(text, length, device->mig < 0 ? gpu.name : gpu.name + " MIG 1g.5gb");
      },
      true);
}

FAKE_NVML_API int nvmlDeviceGetUUID(const Device* device, char* text, unsigned length) {
  return on_gpu(
      "UUID", device,
      [&](const auto& gpu, auto) {
        return give_text(text, length, device->mig < 0 ? gpu.uuid : gpu.mig[static_cast<std::size_t>(device->mig)]);
      },
      true);
}

FAKE_NVML_API int nvmlDeviceGetIndex(const Device* device, unsigned* index) {
  return on_gpu("Index", device, [&](const auto&, auto) { return give(index, device->index); });
}

FAKE_NVML_API int nvmlDeviceGetMinorNumber(const Device* device, unsigned* minor) {
  return on_gpu("MinorNumber", device, [&](const auto& gpu, auto) { return give(minor, gpu.minor); });
}

FAKE_NVML_API int nvmlDeviceGetPciInfo_v3(const Device* device, PciInfo* info) {
  return on_gpu("PciInfo", device, [&](const auto& gpu, auto) -> Return {
    if (info == nullptr) return kInvalidArgument;
    *info = {};
    std::sscanf(gpu.pci.c_str(), "%x:%x:%x", &info->domain, &info->bus, &info->device);
    info->pci_device_id = 0x20B010DE;
    std::snprintf(info->bus_id, sizeof info->bus_id, "%s", gpu.pci.c_str());
    std::snprintf(info->bus_id_legacy, sizeof info->bus_id_legacy, "%s", gpu.pci.substr(4).c_str());
    return kSuccess;
  });
}
FAKE_NVML_API int nvmlDeviceGetPciInfo_v2(const Device* device, PciInfo* info) {
  return nvmlDeviceGetPciInfo_v3(device, info);
}
FAKE_NVML_API int nvmlDeviceGetPciInfo(const Device* device, PciInfo* info) {
  return nvmlDeviceGetPciInfo_v3(device, info);
}

FAKE_NVML_API int nvmlDeviceGetArchitecture(const Device* device, unsigned* architecture) {
  return on_gpu("Architecture", device, [&](const auto& gpu, auto) { return give(architecture, gpu.architecture); });
}

FAKE_NVML_API int nvmlDeviceGetCudaComputeCapability(const Device* device, int* major, int* minor) {
  return on_gpu("CudaComputeCapability", device, [&](const auto& gpu, auto) {
    return minor == nullptr ? kInvalidArgument : (*minor = gpu.minor_capability, give(major, gpu.major));
  });
}

FAKE_NVML_API int nvmlDeviceGetMigMode(const Device* device, unsigned* current, unsigned* pending) {
  return on_gpu("MigMode", device, [&](const auto& gpu, auto) -> Return {
    if (gpu.major < 8 || (gpu.major == 8 && gpu.minor_capability != 0)) return kNotSupported;
    if (pending == nullptr) return kInvalidArgument;
    *pending = gpu.mig.empty() ? 0 : 1;
    return give(current, *pending);
  });
}

FAKE_NVML_API int nvmlDeviceGetMaxMigDeviceCount(const Device* device, unsigned* count) {
  return on_gpu("MaxMigDeviceCount", device,
                [&](const auto& gpu, auto) { return give(count, gpu.mig.empty() ? 0U : 7U); });
}

FAKE_NVML_API int nvmlDeviceGetMigDeviceHandleByIndex(const Device* device, unsigned index, Device** mig) {
  return on_gpu("MigDeviceHandleByIndex", device, [&](const auto&, auto) {
    Device* found = Driver::instance().device(device->index, static_cast<int>(index));
    return found == nullptr ? kNotFound : give(mig, found);
  });
}

FAKE_NVML_API int nvmlDeviceGetGpuInstanceId(const Device* device, unsigned* id) {
  return on_gpu(
      "GpuInstanceId", device,
      [&](const auto&, auto) { return device->mig < 0 ? kNotSupported : give(id, static_cast<unsigned>(device->mig)); },
      true);
}

FAKE_NVML_API int nvmlDeviceGetComputeInstanceId(const Device* device, unsigned* id) {
  return on_gpu(
      "ComputeInstanceId", device, [&](const auto&, auto) { return device->mig < 0 ? kNotSupported : give(id, 0U); },
      true);
}

FAKE_NVML_API int nvmlDeviceGetAttributes_v2(const Device* device, Attributes* attributes) {
  return on_gpu(
      "Attributes", device,
      [&](const auto& gpu, auto) -> Return {
        if (device->mig < 0) return kNotSupported;
        const auto at = static_cast<std::size_t>(device->mig);
        Attributes told{};
        told.multiprocessors = 14 * gpu.mig_compute_slices[at];
        told.gpu_slices = gpu.mig_slices[at];
        told.compute_slices = gpu.mig_compute_slices[at];
        told.memory_mb = (gpu.memory_bytes >> 20) * gpu.mig_slices[at] / 8;
        return give(attributes, told);
      },
      true);
}

/// The time of a driver with "virtual_time".
FAKE_NVML_API void fakeNvmlSetTime(long long ns) { Driver::instance().set_time(ns); }

FAKE_NVML_API int nvmlDeviceIsMigDeviceHandle(const Device* device, unsigned* is_mig) {
  return on_gpu(
      "IsMigDeviceHandle", device, [&](const auto&, auto) { return give(is_mig, device->mig >= 0 ? 1U : 0U); }, true);
}

FAKE_NVML_API int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(const Device* device, Device** whole) {
  return on_gpu(
      "DeviceHandleFromMigDeviceHandle", device,
      [&](const auto&, auto) {
        return device->mig < 0 ? kInvalidArgument : give(whole, Driver::instance().device(device->index));
      },
      true);
}
