#pragma once
// One counter between the two edges of a region: its energy and how far it can be trusted.
//
// A counter shows what had accumulated at its last update, a tick ago at most. A plain edge therefore lags by a time
// that is uniform in [0, update period]; a tick edge knows when the counter moved, to half the distance of two reads,
// and carries the piece between that tick and the region's edge over with the power of the tick itself.

#include <optional>

#include "impact/core/channel.hpp"
#include "impact/core/mark.hpp"
#include "impact/core/result.hpp"
#include "impact/sampling/accumulator.hpp"

namespace impact {

// Where a counter stood at one edge.
struct EdgePoint {
  Position position;      // where the counter stood …
  Instant time{};         // … at the end of this time's uncertainty: the tick, or half a period before a plain read
  double spread_s = 0.0;  // standard deviation of that time
  bool ticked = false;
  double local_power = 0.0;  // of the tick, in the channel's unit per second; only where ticked
  double tick_s = 0.0;       // the tick's own length
};

// The point of one edge reading; nullopt where nothing was read. `accumulator` holds the readings up to the edge.
std::optional<EdgePoint> edge_point(const Channel& channel, const EdgeReading& edge, const Accumulator& accumulator);

// The point of an edge at which the read failed, from the readings around it: interpolated where there is one after it;
// else the last one before (or the first one after), and the time from there to the edge is a gap. nullopt: no reading.
std::optional<EdgePoint> bridged_point(std::uint32_t channel, Instant edge, const Accumulator& accumulator);

// Energy of a counter that was read at both edges, for the region [start, stop]. `recent_power` is what the channel drew
// just before, in its unit per second (0: unknown): regions of less than a tick lean on it.
ChannelResult counter_energy(const Channel& channel, const EdgePoint& enter, const EdgePoint& exit, Instant start,
                             Instant stop, double recent_power);

// The mean (gauges) or growth (counters) between two interpolated positions of a channel that the sampler alone reads.
ChannelResult sampled_energy(const Channel& channel, const Position& enter, const Position& exit, Instant start,
                             Instant stop, Duration spacing);

}  // namespace impact
