#pragma once
// A channel is one quantity of one device that a source can read: what it measures, in which unit, how often it
// moves, where it wraps. Every reading is a 64-bit integer count; count x scale is the value in the channel's unit.

#include <cstdint>
#include <string>
#include <string_view>

#include "impact/core/quality.hpp"
#include "impact/core/time.hpp"
#include "impact/core/units.hpp"

namespace impact {

enum class Kind : std::uint8_t {
  counter,  // accumulates; only differences mean anything
  gauge,    // a value that holds at (or over the window before) its reading
};

enum class Unit : std::uint8_t { joule, watt, ratio, byte, celsius, hertz, second };

// Where in the machine a channel sits: the domain tree (sources/domain_tree.hpp) sums by it without overlap.
//   wall ⊇ psys ⊇ package ⊇ {core, uncore, igpu};  module ⊇ {package, gpu};  dram beside package;  gpu ⊇ gpu_memory.
// `other` takes no part in sums (utilisation, temperature, clocks, rails inside another).
enum class Domain : std::uint8_t {
  wall,
  psys,
  module,
  package,
  core,
  uncore,
  igpu,
  dram,
  gpu,
  gpu_memory,
  board,
  other
};

struct Channel {
  std::string id;      // unique in the machine and stable over runs: "rapl/package-0", "nvml/GPU-8f…/energy"
  std::string source;  // name of the reader in sources.def: "rapl_perf", "nvml", "cpu_model"
  std::string device;  // the thing that is metered: "cpu:0", "memory", "gpu:GPU-8f…", "node"
  Domain domain = Domain::other;
  std::string quantity = "energy";  // "energy", "power", "utilisation", "memory_used", "temperature", "clock"
  Kind kind = Kind::counter;
  Unit unit = Unit::joule;
  double scale = 1.0;       // unit per count
  std::uint64_t range = 0;  // a counter's modulus in counts; 0: does not wrap in 64 bits
  // A driver widens the counter's register whenever it is read, and loses what flowed where that is less often than this;
  // 0: it keeps up by itself. Records do not hold it.
  Duration longest_pause{0};
  Duration update_period{0};  // how often the sensor renews it; 0: at every read
  Duration tick_jitter{0};    // the update comes within +- this of its time, uniformly
  Duration window{0};         // a gauge's averaging window before its reading; 0: instantaneous
  Duration latency{0};        // what one read takes at most; above 1 ms the source is read by a thread of its own
  Watts max_power{0};         // more than this cannot be: a larger implied power is a reset, not a wrap; 0: unknown
  bool own_zero = false;  // a counter that starts where its process opened it: counts of two processes do not compare
  Quality quality = Quality::measured;  // the best its readings can be
  double relative_error = 0.0;          // 95 % half-width of the sensor's or model's own bias, as a part of the value
};

constexpr std::string_view to_string(Kind k) noexcept { return k == Kind::counter ? "counter" : "gauge"; }

constexpr std::string_view to_string(Unit u) noexcept {
  constexpr std::string_view kNames[] = {"J", "W", "ratio", "B", "degC", "Hz", "s"};
  return kNames[static_cast<std::size_t>(u)];
}

constexpr std::string_view to_string(Domain d) noexcept {
  constexpr std::string_view kNames[] = {"wall", "psys", "module", "package",    "core",  "uncore",
                                         "igpu", "dram", "gpu",    "gpu_memory", "board", "other"};
  return kNames[static_cast<std::size_t>(d)];
}

}  // namespace impact
