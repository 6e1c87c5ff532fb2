// What the sensors of one NVIDIA GPU show of a known power curve: an energy counter that ticks, and power that is
// updated now and then with the mean over a window before. Plain arithmetic: no clock, no NVML. Times are ns since the
// epoch.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "fakes/curve.hpp"
#include "fakes/ticking_counter.hpp"

namespace impact::fakes {

/// Power as a driver shows it. At each update u the value becomes the mean power over [u - delay - window, u - delay];
/// a window shorter than the update period sees only that share of the time. With rc_ns the value follows the window
/// means like a capacitor: v += (1 - exp(-update/rc)) * (mean - v).
struct PowerSensor {
  std::int64_t update_ns = 100'000'000, window_ns = 100'000'000, delay_ns = 0, rc_ns = 0, phase_ns = 0, jitter_ns = 0;
  std::uint64_t seed = 3;

  /// The last update at or before t.
  std::int64_t updated_at(std::int64_t t_ns) const;
  /// Watts shown at t: exact for the curve.
  double shown_w(const Curve& curve, std::int64_t t_ns) const;
};

/// One rule that makes a call fail: from from_ns for for_ns.
struct Failure {
  std::string call;  ///< without "nvmlDevice"/"nvmlDeviceGet", e.g. "PowerUsage", or "*"
  int code = 999;
  Window when;
};

struct GpuProcess {
  unsigned pid = 0, sm_percent = 0, memory_percent = 0;
  std::uint64_t memory_bytes = 0;
  unsigned mig = ~0U;  ///< the MIG instance that it runs in; all ones: none
};

/// An object of the configuration; all keys are optional:
///   arch       kepler maxwell pascal volta turing ga100 ampere ada hopper: sets sensors, counter, compute capability
///   curve      text of curve.hpp; module_curve, memory_curve for the other scopes of the power fields
///   usage, instant, average, samples
///              {update_ms, window_ms, delay_ms, rc_ms, phase_ms, jitter_ms, seed}, or null: not supported
///   counter    true/false; counter_update_ms 20; start_j; counter_gain 1; resets_s [..]: it begins again at 0;
///              counter_of "power" (the truth) or "samples": it adds up what the samples' windows see
///   gain 1, offset_w 0: the power sensors' error
///   name, uuid, pci "00000000:17:00.0", minor, memory_mib, power_limit_w, temperature_c, sm_clock_mhz,
///   most_limit_w: the most that the limit may be set to, power_limit_w by default; performance_state; utilization, memory_utilization: percent, as a curve
///   processes  [{pid, sm, memory_percent, memory_mib}]
///   mig        [uuid or {uuid, slices 1, compute_slices 1}…]: MIG is on, and these are the instances; a process is in
///              one by its key "mig", the number of the instance
///   fail       [{call, code, from_s, for_s}]; latency_us 0: each call takes this long
struct Gpu {
  std::string arch = "ampere", name, uuid, pci;
  unsigned architecture = 7;
  int major = 8, minor_capability = 6;
  unsigned minor = 0;
  Curve curve;
  std::optional<Curve> module_curve, memory_curve;
  std::optional<PowerSensor> usage, instant, average, samples;
  bool counter = true, counter_of_samples = false;
  double gain = 1, offset_w = 0, counter_gain = 1, start_j = 0;
  std::int64_t counter_update_ns = 20'000'000;
  std::vector<std::int64_t> resets_ns;
  std::uint64_t memory_bytes = 0;
  double power_limit_w = 300, most_limit_w = 300;
  unsigned temperature_c = 45, sm_clock_mhz = 1410, performance_state = 0;
  Curve utilization, memory_utilization;
  std::vector<GpuProcess> processes;
  std::vector<std::string> mig;
  std::vector<unsigned> mig_slices, mig_compute_slices;
  std::vector<Failure> failures;
  std::int64_t latency_us = 0;

  /// Throws std::exception with what is wrong.
  static Gpu from(const nlohmann::json& config, unsigned index);

  /// The code that a call gives at t, 0 if it works.
  int failure_of(const std::string& call, std::int64_t t_ns) const;
  /// Milliwatts shown at t by a sensor of this GPU over one of its curves.
  unsigned power_mw(const PowerSensor& sensor, const Curve& of, std::int64_t t_ns) const;
  /// Millijoules of the counter at t.
  std::uint64_t energy_mj(std::int64_t t_ns) const;

 private:
  double counted_j(std::int64_t from_ns, std::int64_t to_ns) const;
};

}  // namespace impact::fakes
