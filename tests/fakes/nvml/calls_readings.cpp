// Energy, power, and what goes on.
#include <algorithm>
#include <cmath>

#include "fakes/nvml/calls.hpp"

using namespace impact::fakes::nvml;
using impact::fakes::Curve;
using impact::fakes::Gpu;
using impact::fakes::PowerSensor;

namespace {

constexpr std::size_t kRingLength = 120;
constexpr std::int64_t kUtilizationWindow = 166'666'667;  // "between 1 second and 1/6 second depending on the product"

unsigned percent(const Curve& curve, std::int64_t now) {
  const std::int64_t update = now - now % kUtilizationWindow;
  return static_cast<unsigned>(std::llround(std::min(100.0, curve.mean_w(update - kUtilizationWindow, update))));
}

Return power(const Gpu& gpu, const std::optional<PowerSensor>& sensor, const Curve* of, std::int64_t now,
             unsigned* mw) {
  if (!sensor || of == nullptr) return kNotSupported;
  return give(mw, gpu.power_mw(*sensor, *of, now));
}

const Curve* curve_of(const Gpu& gpu, unsigned scope) {
  if (scope == kScopeGpu) return &gpu.curve;
  if (scope == kScopeModule && gpu.module_curve) return &*gpu.module_curve;
  if (scope == kScopeMemory && gpu.memory_curve) return &*gpu.memory_curve;
  return nullptr;
}

unsigned milliwatts(double watts) { return static_cast<unsigned>(std::llround(watts * 1e3)); }

void answer_field(const Gpu& gpu, std::int64_t now, FieldValue& field) {
  const auto failing = [&](const char* call) { return static_cast<Return>(gpu.failure_of(call, now)); };
  field.value = {};
  field.value_type = kTypeUnsigned;
  Return result = kNotSupported;
  switch (field.field_id) {
    case kFieldTotalEnergy:
    case kFieldEnergy:
      field.value_type = kTypeUnsignedLongLong;
      result = failing("TotalEnergyConsumption");
      if (result == kSuccess) result = gpu.counter && field.scope_id == kScopeGpu ? kSuccess : kNotSupported;
      if (result == kSuccess) field.value.ull = gpu.energy_mj(now);
      break;
    case kFieldPowerAverage:
    case kFieldPowerInstant: {
      result = failing("PowerUsage");
      const auto& sensor = field.field_id == kFieldPowerAverage ? gpu.average : gpu.instant;
      if (result == kSuccess) result = power(gpu, sensor, curve_of(gpu, field.scope_id), now, &field.value.ui);
      break;
    }
    case kFieldPowerMinLimit: result = give(&field.value.ui, milliwatts(gpu.power_limit_w / 3)); break;
    case kFieldPowerMaxLimit:
    case kFieldPowerDefaultLimit:
    case kFieldPowerCurrentLimit: result = give(&field.value.ui, milliwatts(gpu.power_limit_w)); break;
    default: break;
  }
  field.nvml_return = result;
  field.timestamp = static_cast<long long>(Driver::instance().stamp_us(now));
  field.latency_usec = gpu.latency_us;
}

int running_processes(const char* call, const Device* device, unsigned* count, ProcessInfo* infos) {
  return on_gpu(
      call, device,
      [&](const Gpu& gpu, auto) -> Return {
        if (count == nullptr) return kInvalidArgument;
        const auto there = static_cast<unsigned>(gpu.processes.size());
        const unsigned room = *count;
        *count = there;
        if (room < there || infos == nullptr) return there == 0 ? kSuccess : kInsufficientSize;
        for (unsigned i = 0; i < there; ++i) {
          const auto& process = gpu.processes[i];
          infos[i] = {process.pid, process.memory_bytes, process.mig, process.mig == ~0U ? ~0U : 0U};
        }
        return kSuccess;
      },
      true);
}

}  // namespace

FAKE_NVML_API int nvmlDeviceGetTotalEnergyConsumption(const Device* device, unsigned long long* energy_mj) {
  return on_gpu("TotalEnergyConsumption", device, [&](const Gpu& gpu, std::int64_t now) {
    return gpu.counter ? give<unsigned long long>(energy_mj, gpu.energy_mj(now)) : kNotSupported;
  });
}

FAKE_NVML_API int nvmlDeviceGetPowerUsage(const Device* device, unsigned* mw) {
  return on_gpu("PowerUsage", device,
                [&](const Gpu& gpu, std::int64_t now) { return power(gpu, gpu.usage, &gpu.curve, now, mw); });
}

FAKE_NVML_API int nvmlDeviceGetFieldValues(const Device* device, int count, FieldValue* fields) {
  return on_gpu("FieldValues", device, [&](const Gpu& gpu, std::int64_t now) -> Return {
    if (count < 1 || fields == nullptr) return kInvalidArgument;
    for (int i = 0; i < count; ++i) answer_field(gpu, now, fields[i]);
    return kSuccess;
  });
}

FAKE_NVML_API int nvmlDeviceGetSamples(const Device* device, int type, unsigned long long last_seen_us, int* value_type,
                                       unsigned* count, Sample* samples) {
  return on_gpu("Samples", device, [&](const Gpu& gpu, std::int64_t now) -> Return {
    if (type != 0 || !gpu.samples) return kNotSupported;
    if (count == nullptr || value_type == nullptr) return kInvalidArgument;
    *value_type = kTypeUnsigned;
    if (samples == nullptr) return give(count, static_cast<unsigned>(kRingLength));
    std::vector<Sample> ring;
    for (std::int64_t at = gpu.samples->updated_at(now); ring.size() < kRingLength && at >= 0;
         at = gpu.samples->updated_at(at - 1)) {
      const unsigned long long stamp = Driver::instance().stamp_us(at);
      if (stamp <= last_seen_us) break;
      ring.push_back({stamp, {.ull = gpu.power_mw(*gpu.samples, gpu.curve, at)}});
    }
    if (ring.empty()) return kNotFound;
    const std::size_t given = std::min<std::size_t>(ring.size(), *count);
    std::reverse_copy(ring.begin(), ring.begin() + static_cast<std::ptrdiff_t>(given), samples);
    return give(count, static_cast<unsigned>(given));
  });
}

FAKE_NVML_API int nvmlDeviceGetUtilizationRates(const Device* device, Utilization* rates) {
  return on_gpu("UtilizationRates", device, [&](const Gpu& gpu, std::int64_t now) -> Return {
    if (!gpu.mig.empty()) return kNotSupported;
    return give(rates, Utilization{percent(gpu.utilization, now), percent(gpu.memory_utilization, now)});
  });
}

FAKE_NVML_API int nvmlDeviceGetMemoryInfo(const Device* device, Memory* memory) {
  return on_gpu(
      "MemoryInfo", device,
      [&](const Gpu& gpu, auto) {
        std::uint64_t used = 512ULL << 20;
        for (const auto& process : gpu.processes) used += process.memory_bytes;
        return give(memory, Memory{gpu.memory_bytes, gpu.memory_bytes - used, used});
      },
      true);
}

FAKE_NVML_API int nvmlDeviceGetMemoryInfo_v2(const Device* device, MemoryV2* memory) {
  Memory plain{};
  const int result = nvmlDeviceGetMemoryInfo(device, &plain);
  if (result != kSuccess || memory == nullptr) return result == kSuccess ? kInvalidArgument : result;
  *memory = {memory->version, plain.total, 0, plain.free, plain.used};
  return kSuccess;
}

FAKE_NVML_API int nvmlDeviceGetTemperature(const Device* device, int sensor, unsigned* celsius) {
  return on_gpu("Temperature", device, [&](const Gpu& gpu, auto) {
    return sensor == 0 ? give(celsius, gpu.temperature_c) : kInvalidArgument;
  });
}

FAKE_NVML_API int nvmlDeviceGetClockInfo(const Device* device, int, unsigned* mhz) {
  return on_gpu("ClockInfo", device, [&](const Gpu& gpu, auto) { return give(mhz, gpu.sm_clock_mhz); });
}
FAKE_NVML_API int nvmlDeviceGetMaxClockInfo(const Device* device, int, unsigned* mhz) {
  return on_gpu("MaxClockInfo", device, [&](const Gpu& gpu, auto) { return give(mhz, gpu.sm_clock_mhz); });
}

FAKE_NVML_API int nvmlDeviceGetPerformanceState(const Device* device, int* state) {
  return on_gpu("PerformanceState", device,
                [&](const Gpu& gpu, auto) { return give(state, static_cast<int>(gpu.performance_state)); });
}

FAKE_NVML_API int nvmlDeviceGetEnforcedPowerLimit(const Device* device, unsigned* mw) {
  return on_gpu("EnforcedPowerLimit", device,
                [&](const Gpu& gpu, auto) { return give(mw, milliwatts(gpu.power_limit_w)); });
}
FAKE_NVML_API int nvmlDeviceGetPowerManagementLimit(const Device* device, unsigned* mw) {
  return nvmlDeviceGetEnforcedPowerLimit(device, mw);
}
FAKE_NVML_API int nvmlDeviceGetPowerManagementDefaultLimit(const Device* device, unsigned* mw) {
  return nvmlDeviceGetEnforcedPowerLimit(device, mw);
}
FAKE_NVML_API int nvmlDeviceGetPowerManagementLimitConstraints(const Device* device, unsigned* least, unsigned* most) {
  return on_gpu("PowerManagementLimitConstraints", device, [&](const Gpu& gpu, auto) {
    return least == nullptr ? kInvalidArgument
                            : (*least = milliwatts(gpu.power_limit_w / 3), give(most, milliwatts(gpu.most_limit_w)));
  });
}

FAKE_NVML_API int nvmlDeviceGetComputeRunningProcesses_v3(const Device* device, unsigned* count, ProcessInfo* infos) {
  return running_processes("ComputeRunningProcesses", device, count, infos);
}
FAKE_NVML_API int nvmlDeviceGetComputeRunningProcesses_v2(const Device* device, unsigned* count, ProcessInfo* infos) {
  return running_processes("ComputeRunningProcesses", device, count, infos);
}
FAKE_NVML_API int nvmlDeviceGetGraphicsRunningProcesses_v3(const Device*, unsigned* count, ProcessInfo*) {
  return give(count, 0U);
}

FAKE_NVML_API int nvmlDeviceGetProcessUtilization(const Device* device, ProcessUtilizationSample* samples,
                                                  unsigned* count, unsigned long long last_seen_us) {
  return on_gpu("ProcessUtilization", device, [&](const Gpu& gpu, std::int64_t now) -> Return {
    if (!gpu.mig.empty()) return kNotSupported;
    if (count == nullptr) return kInvalidArgument;
    const auto there = static_cast<unsigned>(gpu.processes.size());
    const unsigned room = *count;
    *count = there;
    if (samples == nullptr || room < there) return there == 0 ? kNotFound : kInsufficientSize;
    const unsigned long long stamp = Driver::instance().stamp_us(now - now % kUtilizationWindow);
    if (there == 0 || stamp <= last_seen_us) return kNotFound;
    for (unsigned i = 0; i < there; ++i) {
      const auto& process = gpu.processes[i];
      samples[i] = {process.pid, stamp, process.sm_percent, process.memory_percent, 0, 0};
    }
    return kSuccess;
  });
}
