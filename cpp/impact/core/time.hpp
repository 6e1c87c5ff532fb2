#pragma once
// Instants of the machine's monotonic clock. Wall-clock time appears once, as the anchor of a record.

#include <chrono>
#include <cstdint>

namespace impact {

// CLOCK_MONOTONIC as a chrono clock type. It has no now(): only host/clock asks the system.
struct Monotonic {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Monotonic, duration>;
  static constexpr bool is_steady = true;  // NOLINT(readability-identifier-naming): std::chrono gives the name
};

using Duration = std::chrono::nanoseconds;
using Instant = Monotonic::time_point;

constexpr double seconds(Duration d) noexcept { return std::chrono::duration<double>(d).count(); }
constexpr std::int64_t nanoseconds(Instant t) noexcept { return t.time_since_epoch().count(); }
constexpr Instant instant(std::int64_t ns) noexcept { return Instant{Duration{ns}}; }
constexpr Instant middle(Instant a, Instant b) noexcept { return a + (b - a) / 2; }

}  // namespace impact
