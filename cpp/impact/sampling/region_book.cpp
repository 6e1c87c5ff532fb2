#include "impact/sampling/region_book.hpp"

#include <algorithm>
#include <utility>

#include "impact/sampling/region_sum.hpp"

namespace impact {
namespace {

void add_edge(Accumulator& accumulator, const Mark& mark) noexcept {
  for (const EdgeReading& edge : mark.readings) {
    accumulator.add(edge.first);
    if (edge.ticked) accumulator.add(edge.tick());
  }
}

}  // namespace

RegionBook::RegionBook(BookSettings settings)
    : settings_(std::move(settings)), accumulator_(settings_.channels, 3 * settings_.interval) {
  settings_.roles.by_channel.resize(settings_.channels.size(), Role::state);
  settings_.at_edges.resize(settings_.channels.size(), false);
}

void RegionBook::row(std::span<const Reading> readings) {
  // A sensor's ring brings several readings of a channel at once: an edge among them is settled by the two around it.
  while (!readings.empty()) {
    std::size_t n = 1;
    while (n < readings.size() && readings[n].channel > readings[n - 1].channel) ++n;
    add(readings.first(n));
    readings = readings.subspan(n);
  }
}

void RegionBook::add(std::span<const Reading> readings) {
  for (const Reading& reading : readings) accumulator_.add(reading);
  for (auto& [id, region] : open_) settle(region.in, false);
  for (auto it = closing_.begin(); it != closing_.end();) {
    const bool in = settle(it->second.in, false);
    const bool out = settle(it->second.out, false);
    if (in && out) {
      settled_.push_back(result(std::move(it->second), false));
      it = closing_.erase(it);
    } else {
      ++it;
    }
  }
}

RegionBook::Edge RegionBook::make_edge(const Mark& mark, const Accumulator& accumulator) const {
  const std::size_t n = settings_.channels.size();
  Edge edge{mark.at, std::vector<std::optional<EdgePoint>>(n), std::vector<std::optional<Position>>(n),
            settings_.at_edges, false};
  for (const EdgeReading& reading : mark.readings) {
    const std::uint32_t c = reading.first.channel;
    if (c < n) edge.points[c] = edge_point(settings_.channels[c], reading, accumulator);
  }
  // Where the read at an edge failed, the readings around the edge stand in for it, as soon as there is one after it.
  for (std::uint32_t c = 0; c < n; ++c) {
    if (edge.settled[c]) edge.settled[c] = edge.points[c].has_value();
  }
  return edge;
}

bool RegionBook::settle(Edge& edge, bool hold) const {
  if (edge.all_settled) return true;
  bool all = true;
  for (std::uint32_t c = 0; c < edge.settled.size(); ++c) {
    if (edge.settled[c]) continue;
    const std::optional<Instant> last = accumulator_.last_time(c);
    if (hold || (last && *last >= edge.at)) {
      if (settings_.at_edges[c]) {
        edge.points[c] = bridged_point(c, edge.at, accumulator_);
      } else {
        edge.positions[c] = accumulator_.at(c, edge.at);
      }
      edge.settled[c] = true;
    } else {
      all = false;
    }
  }
  edge.all_settled = all;
  return all;
}

void RegionBook::enter(const Mark& mark) {
  Region region;
  for (std::uint32_t c = 0; c < settings_.channels.size(); ++c) {
    region.recent_power.push_back(accumulator_.rate(c));
  }
  add_edge(accumulator_, mark);
  region.head.region = mark.region;
  region.head.parent = mark.parent;
  region.head.name = mark.name;
  region.head.start = mark.at;
  region.head.edges = mark.edges;
  region.in = make_edge(mark, accumulator_);
  settle(region.in, false);
  open_.insert_or_assign(mark.region, std::move(region));
}

void RegionBook::begin(std::uint64_t region, Instant at) {
  const auto it = open_.find(region);
  if (it == open_.end()) return;
  it->second.head.start = at;
  it->second.in.at = at;
  settle(it->second.in, false);
}

std::optional<RegionResult> RegionBook::exit(const Mark& mark) {
  const auto it = open_.find(mark.region);
  if (it == open_.end()) return std::nullopt;
  add_edge(accumulator_, mark);
  Region region = std::move(it->second);
  open_.erase(it);
  region.head.stop = mark.at;
  region.out = make_edge(mark, accumulator_);
  const bool in = settle(region.in, false);
  const bool out = settle(region.out, false);
  if (in && out) return result(std::move(region), false);
  RegionResult now = result(region, true);
  closing_.insert_or_assign(mark.region, std::move(region));
  return now;
}

std::optional<RegionResult> RegionBook::peek(const Mark& mark) const {
  const auto it = open_.find(mark.region);
  if (it == open_.end()) return std::nullopt;
  Region region = it->second;
  region.head.stop = mark.at;
  region.out = make_edge(mark, accumulator_);
  return result(std::move(region), true);
}

std::vector<std::uint64_t> RegionBook::open_regions() const {
  std::vector<std::uint64_t> numbers;
  for (auto it = open_.rbegin(); it != open_.rend(); ++it) numbers.push_back(it->first);
  return numbers;
}

std::optional<Edges> RegionBook::edges_of(std::uint64_t region) const {
  const auto it = open_.find(region);
  return it == open_.end() ? std::nullopt : std::optional(it->second.head.edges);
}

std::vector<RegionResult> RegionBook::take_settled() { return std::exchange(settled_, {}); }

std::vector<RegionResult> RegionBook::finish() {
  for (auto& [id, region] : closing_) {
    settle(region.in, true);
    settle(region.out, true);
    settled_.push_back(result(std::move(region), false));
  }
  closing_.clear();
  return take_settled();
}

RegionResult RegionBook::result(Region region, bool provisional) const {
  RegionResult outcome = std::move(region.head);
  const std::vector<bool> in_before = region.in.settled;
  const std::vector<bool> out_before = region.out.settled;
  settle(region.in, true);
  settle(region.out, true);
  outcome.channels.reserve(settings_.channels.size());
  for (std::uint32_t c = 0; c < settings_.channels.size(); ++c) {
    const Channel& channel = settings_.channels[c];
    ChannelResult part;
    if (settings_.at_edges[c]) {
      if (region.in.points[c] && region.out.points[c]) {
        // NOLINTNEXTLINE(bugprone-unchecked-optional-access): it is set wherever this is reached, which the check cannot see
        part = counter_energy(channel, *region.in.points[c], *region.out.points[c], outcome.start, outcome.stop,
                              region.recent_power[c]);
        part.provisional = provisional && !(in_before[c] && out_before[c]);
      }
    } else if (region.in.positions[c] && region.out.positions[c]) {
      // NOLINTNEXTLINE(bugprone-unchecked-optional-access): it is set wherever this is reached, which the check cannot see
      part = sampled_energy(channel, *region.in.positions[c], *region.out.positions[c], outcome.start, outcome.stop,
                            settings_.interval);
      part.provisional = provisional;
    }
    part.channel = c;
    part.role = settings_.roles.by_channel[c];
    outcome.channels.push_back(part);
  }
  leave_out_contradictions(outcome, settings_.channels);
  fill_gaps(outcome, settings_.channels);
  sum_channels(outcome, settings_.channels, settings_.at_edges, settings_.roles.missing);
  add_meters(outcome, settings_.channels);
  if (const auto note = note_of_sleeps(sleeps_, outcome.start, outcome.stop)) outcome.notes.push_back(*note);
  outcome.notes.insert(outcome.notes.end(), remarks_.begin(), remarks_.end());
  return outcome;
}

void RegionBook::suspended(const Suspension& suspension) {
  accumulator_.suspended(suspension);
  sleeps_.push_back(suspension);
}

void RegionBook::remark(std::string text) {
  if (std::ranges::find(remarks_, text) == remarks_.end()) remarks_.push_back(std::move(text));
}

}  // namespace impact
