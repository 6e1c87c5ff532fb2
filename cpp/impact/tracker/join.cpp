#include "impact/tracker/join.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "impact/sampling/region_sum.hpp"

namespace impact {
namespace {

double either(double a, double b, double both) { return std::isnan(a) ? b : std::isnan(b) ? a : both; }

// `share` says which part of the length of both the first one is.
void join_channel(ChannelResult& a, const ChannelResult& b, const Channel& channel, double share) {
  if (a.role != b.role && (a.role == Role::in_total || b.role == Role::in_total)) {
    const bool first = a.role == Role::in_total;  // it stands for the machine in one of the two alone
    if (!first) a = b;
    a.coverage *= first ? share : 1.0 - share;
    return;
  }
  const bool adds = measures_energy(channel) || channel.kind == Kind::counter;
  a.value = either(a.value, b.value, adds ? a.value + b.value : share * a.value + (1.0 - share) * b.value);
  a.half_width = either(a.half_width, b.half_width, std::hypot(a.half_width, b.half_width));
  a.bias += b.bias;
  a.still += b.still;
  a.coverage = share * a.coverage + (1.0 - share) * b.coverage;
  if (a.quality == Quality::missing || b.quality == Quality::missing) {
    a.quality = std::min(a.quality, b.quality);  // the coverage says how much of it is missing
  } else {
    a.quality = worst(a.quality, b.quality);
  }
  a.provisional = a.provisional || b.provisional;
  a.ticked = a.ticked && b.ticked;
}

}  // namespace

void join(RegionResult& joined, const RegionResult& next, std::span<const Channel> channels) {
  const double first = seconds(joined.stop - joined.start), second = seconds(next.stop - next.start);
  const double length = seconds(next.stop - joined.start);
  const double share = first + second > 0.0 ? first / (first + second) : 0.5;
  for (std::size_t c = 0; c < joined.channels.size() && c < next.channels.size(); ++c) {
    join_channel(joined.channels[c], next.channels[c], channels[joined.channels[c].channel], share);
  }
  if (length > 0.0) joined.coverage = (first * joined.coverage + second * next.coverage) / length;
  const Energy both = total(std::array{joined.energy, next.energy});
  joined.energy = first + second < length ? both.as_partial() : both;
  joined.provisional = joined.provisional || next.provisional;
  joined.stop = next.stop;
  for (const std::string& note : next.notes) {
    if (std::ranges::find(joined.notes, note) == joined.notes.end()) joined.notes.push_back(note);
  }
  add_meters(joined, channels);
}

}  // namespace impact
