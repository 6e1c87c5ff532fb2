#pragma once
// When a counter that stands still is no longer believed: a device that draws power moves its counter.

#include "impact/core/channel.hpp"

namespace impact {

// Whether the channel is an energy counter of the machine's, and not one that this program computes.
bool is_metered_energy(const Channel& channel) noexcept;

// Whether it is, besides, one of something that draws power for as long as the machine is awake.
// Cores, uncore and integrated GPUs may truly rest, and their counters with them.
bool must_move(const Channel& channel) noexcept;

// For how long such a counter may stand: some of its own updates, and the time that one count lasts at the least power
// that any device draws. Duration::max() for a channel that need not move.
Duration longest_standstill(const Channel& channel) noexcept;

// For how long a counter that counts `rate` a second shows the same value without being late.
Duration longest_lag(const Channel& channel, double rate) noexcept;

}  // namespace impact
