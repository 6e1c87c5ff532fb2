#pragma once
// The edges of a region as they were read: enough to compute its energy again, bit for bit, from the record alone.

#include <cstdint>
#include <string>
#include <vector>

#include "impact/core/reading.hpp"
#include "impact/core/time.hpp"

namespace impact {

// How a region's edges are read: plain takes the counters as they stand; tick waits (2 ms at most) until each moves.
enum class Edges : std::uint8_t { plain, tick };

constexpr std::string_view to_string(Edges e) noexcept { return e == Edges::plain ? "plain" : "tick"; }

// One counter at one edge. `first` is the read at the edge itself. Where the edge waited for a tick and the tick came,
// the counter still showed `old_count` at `tick_lo` and already showed `tick_count` at `tick_hi`.
struct EdgeReading {
  Reading first;  // channel is the index over all channels of the record
  bool ticked = false;
  std::int64_t old_count = 0;  // the value just before the tick (equals first.count unless an unclean tick was passed)
  std::int64_t tick_count = 0;
  Instant tick_lo{};
  Instant tick_hi{};
  // How long the read that saw the tick took. `tick_hi` is its middle; the counter may have been read at any instant.
  Duration tick_read{};

  // The tick as a reading of its own; only where `ticked`.
  Reading tick() const noexcept { return {first.channel, first.quality, tick_count, tick_lo, tick_hi}; }
};

struct Mark {
  enum class Kind : std::uint8_t { enter, exit };
  Kind kind = Kind::enter;
  std::uint64_t region = 0;  // 1, 2, 3 … in a record; 0 is the whole run
  std::uint64_t parent = 0;  // the region open in the same thread at enter; 0: none but the run
  std::string name;          // at enter only
  Edges edges = Edges::plain;
  Instant at{};  // enter: just before enter returned; exit: just after exit was called
  std::vector<EdgeReading> readings;
};

}  // namespace impact
