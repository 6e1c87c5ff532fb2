#pragma once
// This is the clock of the machine. Tests replace it by one that a script moves.

#include <cstdint>
#include <string>

#include "impact/core/time.hpp"

namespace impact {

class Clock {
 public:
  virtual ~Clock() = default;
  // Reads CLOCK_MONOTONIC. Any thread may call it.
  virtual Instant now() const noexcept = 0;
  // Returns nanoseconds of UTC since 1970, which may step. Only the anchor of a record uses them.
  virtual std::int64_t utc_ns() const noexcept = 0;
};

// Returns the machine's own clock, which is never destroyed.
const Clock& system_clock() noexcept;

// Returns the CPU time used by the calling thread, for stating the tracker's own cost.
Duration thread_cpu_time() noexcept;

// Writes what utc_ns() returns as "2026-11-21T15:08:01Z".
std::string iso_utc(std::int64_t utc_ns);

}  // namespace impact
