#pragma once
// Results as Python sees them: values with read-only properties, None for what was not measured.

#include <memory>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/core/result.hpp"

namespace impact {

// A result speaks of channels by their index, so it keeps them alive.
using Channels = std::shared_ptr<const std::vector<Channel>>;

struct BoundResult {
  Channels channels;
  RegionResult result;
};

}  // namespace impact
