#pragma once
// The clock of the machine, replaceable in tests by one that a script moves.

#include <cstdint>
#include <string>

#include "impact/core/time.hpp"

namespace impact {

class Clock {
 public:
  virtual ~Clock() = default;
  // CLOCK_MONOTONIC. Safe from any thread.
  virtual Instant now() const noexcept = 0;
  // Nanoseconds of UTC since 1970; may step. Only for the anchor of a record.
  virtual std::int64_t utc_ns() const noexcept = 0;
};

// The machine's own clock; lives for ever.
const Clock& system_clock() noexcept;

// CPU time used by the calling thread, for stating the tracker's own cost.
Duration thread_cpu_time() noexcept;

// "2026-11-21T15:08:01Z" from utc_ns().
std::string iso_utc(std::int64_t utc_ns);

}  // namespace impact
