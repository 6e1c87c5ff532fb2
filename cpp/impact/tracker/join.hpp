#pragma once
// Joins two results of one machine, of which one follows the other, into one result.

#include <span>

#include "impact/core/result.hpp"

namespace impact {

// Adds `next`, which begins where `whole` ends or later, to it. Both have the same channels; each counts where it is in
// the total.
void join(RegionResult& joined, const RegionResult& next, std::span<const Channel> channels);

}  // namespace impact
