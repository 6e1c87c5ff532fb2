#pragma once
// The channel of a package's RAPL counter, as its reader describes it.

#include "impact/core/channel.hpp"

namespace impact::fakes {

inline Channel rapl_channel(std::uint64_t range = std::uint64_t{1} << 32U) {
  Channel c;
  c.id = "rapl/package-0";
  c.source = "rapl_powercap";
  c.device = "cpu:0";
  c.domain = Domain::package;
  c.scale = 61.035e-6;
  c.range = range;
  c.update_period = std::chrono::milliseconds{1};
  c.max_power = Watts{1000};
  return c;
}

}  // namespace impact::fakes
