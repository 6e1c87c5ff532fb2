// The part of NVML's binary interface that the fake speaks: layouts and numbers as published by NVIDIA.
#pragma once

#include <cstddef>

#define FAKE_NVML_API extern "C" __attribute__((visibility("default")))

namespace impact::fakes::nvml {

enum Return : int {
  kSuccess = 0,
  kUninitialized = 1,
  kInvalidArgument = 2,
  kNotSupported = 3,
  kNoPermission = 4,
  kNotFound = 6,
  kInsufficientSize = 7,
  kDriverNotLoaded = 9,
  kGpuIsLost = 15,
  kUnknown = 999,
};

enum Field : unsigned {
  kFieldTotalEnergy = 83,
  kFieldPowerAverage = 185,
  kFieldPowerInstant = 186,
  kFieldPowerMinLimit = 187,
  kFieldPowerMaxLimit = 188,
  kFieldPowerDefaultLimit = 189,
  kFieldPowerCurrentLimit = 190,
  kFieldEnergy = 191,
};

enum Scope : unsigned { kScopeGpu = 0, kScopeModule = 1, kScopeMemory = 2 };

enum ValueType : int { kTypeDouble = 0, kTypeUnsigned = 1, kTypeUnsignedLong = 2, kTypeUnsignedLongLong = 3 };

union Value {
  double d;
  unsigned ui;
  unsigned long ul;
  unsigned long long ull;
};

struct PciInfo {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};
struct Memory {
  unsigned long long total, free, used;
};
struct MemoryV2 {
  unsigned version;
  unsigned long long total, reserved, free, used;
};
struct Utilization {
  unsigned gpu, memory;
};
struct ProcessInfo {
  unsigned pid;
  unsigned long long used_gpu_memory;
  unsigned gpu_instance_id, compute_instance_id;
};
struct ProcessUtilizationSample {
  unsigned pid;
  unsigned long long time_stamp;
  unsigned sm_util, mem_util, enc_util, dec_util;
};
struct Sample {
  unsigned long long time_stamp;
  Value sample_value;
};
struct FieldValue {
  unsigned field_id, scope_id;
  long long timestamp, latency_usec;
  int value_type, nvml_return;
  Value value;
};

struct Attributes {
  unsigned multiprocessors, copy_engines, decoders, encoders, jpeg, ofa, gpu_slices, compute_slices;
  unsigned long long memory_mb;
};

static_assert(sizeof(PciInfo) == 68 && sizeof(FieldValue) == 40 && sizeof(ProcessInfo) == 24);
static_assert(sizeof(ProcessUtilizationSample) == 32 && sizeof(Sample) == 16 && sizeof(MemoryV2) == 40);
static_assert(sizeof(Attributes) == 40);

}  // namespace impact::fakes::nvml
