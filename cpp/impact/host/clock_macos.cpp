#include "impact/host/clock_system.hpp"

namespace impact {

// macOS's CLOCK_MONOTONIC goes on while the machine sleeps, where Linux's stands still.
const clockid_t kAwakeClock = CLOCK_UPTIME_RAW;
const clockid_t kAlwaysClock = CLOCK_MONOTONIC_RAW;

}  // namespace impact
