#include "impact/host/clock_system.hpp"

namespace impact {

// macOS's CLOCK_MONOTONIC goes on while the machine sleeps, where Linux's stands still.
const clockid_t awake_clock = CLOCK_UPTIME_RAW;
const clockid_t always_clock = CLOCK_MONOTONIC_RAW;

}  // namespace impact
