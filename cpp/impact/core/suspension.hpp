#pragma once
// A sleep of the machine, as its clocks tell it.

#include "impact/core/time.hpp"

namespace impact {

// Between these two instants the machine was suspended: the monotonic clock stood still, as it does then, while the boot
// clock went on. Energy counters may have been set to 0, or have counted on.
struct Suspension {
  Instant from{};      // the last look at the clocks before it
  Instant to{};        // the first look after it
  Duration asleep{0};  // how much further the boot clock went
};

}  // namespace impact
