#pragma once
// Makes channels of meters that see the whole node.

#include <string>

#include "impact/core/channel.hpp"

namespace impact {

// Makes the channel "<source>/node/power", the power of the node; a count is `watts_per_count` watts.
inline Channel node_power(const char* source, double watts_per_count, Duration update_period, Duration latency) {
  Channel c;
  c.id = std::string(source) + "/node/power";
  c.source = source;
  c.device = "node";
  c.domain = Domain::wall;
  c.quantity = "power";
  c.kind = Kind::gauge;
  c.unit = Unit::watt;
  c.scale = watts_per_count;
  c.update_period = update_period;
  c.latency = latency;
  return c;
}

}  // namespace impact
