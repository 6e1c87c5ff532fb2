#pragma once
// This is the clock of the machine. Tests replace it by one that a script moves.

#include <cstdint>
#include <optional>
#include <string>

#include "impact/core/suspension.hpp"
#include "impact/core/time.hpp"

namespace impact {

class Clock {
 public:
  virtual ~Clock() = default;
  // Reads CLOCK_MONOTONIC. Any thread may call it.
  virtual Instant now() const noexcept = 0;
  // Returns nanoseconds of UTC since 1970, which may step. Only the anchor of a record uses them.
  virtual std::int64_t utc_ns() const noexcept = 0;
  // Reads CLOCK_BOOTTIME, in nanoseconds: it goes on while the machine sleeps, as CLOCK_MONOTONIC does not.
  // A scripted clock never sleeps unless it says so.
  virtual std::int64_t boot_ns() const noexcept { return nanoseconds(now()); }
};

// Returns UTC at an instant of a moment ago, in nanoseconds since 1970. A thread that is held up between the two clocks
// moves it by no more than the shortest of several looks took.
std::int64_t utc_ns_at(Instant at, const Clock& clock) noexcept;

// Tells that the machine was suspended since the last look. Not thread-safe.
class SuspendWatch {
 public:
  // Returns nullopt where it was not suspended, and at the first look.
  std::optional<Suspension> look(const Clock& clock) noexcept;

 private:
  // A look reads two clocks one after the other, and may be held up between them: the sleep lies between two bounds.
  struct Look {
    Instant at{};
    Duration least{0};
    Duration most{0};
  };
  std::optional<Look> last_;
};

// Returns the machine's own clock, which is never destroyed.
const Clock& system_clock() noexcept;

// Returns the CPU time used by the calling thread, for stating the tracker's own cost.
Duration thread_cpu_time() noexcept;

// Writes what utc_ns() returns as "2026-11-21T15:08:01Z".
std::string iso_utc(std::int64_t utc_ns);

}  // namespace impact
