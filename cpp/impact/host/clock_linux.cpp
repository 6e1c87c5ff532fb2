#include "impact/host/clock_system.hpp"

namespace impact {

const clockid_t awake_clock = CLOCK_MONOTONIC;
const clockid_t always_clock = CLOCK_BOOTTIME;

}  // namespace impact
