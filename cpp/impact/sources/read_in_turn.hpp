#pragma once
// Makes a round over channels that are asked one after another, as most readers read.

#include <optional>

#include "impact/sources/source.hpp"

namespace impact {

// Puts every channel's reading; `ask(i)` gives channel i's raw count, and nullopt where it is missing. The clock is
// read once between two channels: the time after the one is the time before the next.
template <class Ask>
void read_in_turn(const Clock& clock, std::span<const Channel> channels, Sink& out, Ask&& ask) noexcept {
  Instant before = clock.now();
  for (std::uint32_t i = 0; i < channels.size(); ++i) {
    const std::optional<std::int64_t> count = ask(i);
    const Instant after = clock.now();
    if (count)
      out.put({i, channels[i].quality, *count, before, after});
    else
      out.missing(i, before, after);
    before = after;
  }
}

}  // namespace impact
