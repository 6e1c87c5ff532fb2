#pragma once
// Places instants of UTC on the monotonic clock.

#include "impact/host/clock.hpp"

namespace impact {

// Goes by the two clocks as they stand now: a step of the wall clock after `utc_ns` moves the result by as much.
inline Instant on_monotonic_clock(const Clock& clock, std::int64_t utc_ns) noexcept {
  return clock.now() - Duration{clock.utc_ns() - utc_ns};
}

}  // namespace impact
