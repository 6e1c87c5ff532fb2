#include "impact/host/clock_system.hpp"

namespace impact {

const clockid_t kAwakeClock = CLOCK_MONOTONIC;
const clockid_t kAlwaysClock = CLOCK_BOOTTIME;

}  // namespace impact
