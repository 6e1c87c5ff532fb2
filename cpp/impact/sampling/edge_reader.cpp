#include "impact/sampling/edge_reader.hpp"

#include <algorithm>

namespace impact {
namespace {

bool is_energy_counter(const Channel& c) noexcept { return c.kind == Kind::counter && c.unit == Unit::joule; }

// A tick that lies between two reads this much of a period apart is as good as it gets; else the next one may do better.
constexpr int kCleanFraction = 4;

}  // namespace

bool read_at_edges(const Source& source) noexcept {
  return is_fast(source) && std::ranges::any_of(source.channels(), is_energy_counter);
}

EdgeReader::EdgeReader(const Host& host, const std::vector<PlacedSource>& sources) : clock_(host.clock) {
  for (const PlacedSource& placed : sources) {
    if (!read_at_edges(*placed.source)) continue;
    std::vector<Slot> slots;
    std::uint32_t index = placed.first;
    for (const Channel& c : placed.source->channels()) {
      const bool tickable = is_energy_counter(c) && c.update_period > Duration{0} && c.update_period <= kTickWait;
      slots.push_back({index++, c.update_period, tickable, c.kind == Kind::counter});
    }
    sources_.push_back(placed);
    slots_.push_back(std::move(slots));
  }
}

std::vector<EdgeReading> EdgeReader::read(Edges edges) const noexcept {
  thread_local Sink sink;
  std::vector<EdgeReading> edge;
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    sink.clear();
    sources_[s].source->read(sink);
    for (Reading reading : sink.readings()) {
      if (!slots_[s][reading.channel].counter) continue;  // the sampler's
      reading.channel += sources_[s].first;
      edge.push_back({reading});
    }
  }
  if (edges == Edges::tick) wait_for_ticks(edge);
  return edge;
}

void EdgeReader::wait_for_ticks(std::vector<EdgeReading>& edge) const noexcept {
  thread_local Sink sink;
  struct Watch {
    EdgeReading* reading;
    Reading last;
    Duration period;
    bool clean;
  };
  const Instant deadline = clock_->now() + kTickWait;
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    std::vector<Watch> watches(slots_[s].size(), Watch{nullptr, {}, Duration{0}, true});
    for (EdgeReading& r : edge) {
      const std::uint32_t slot = r.first.channel - sources_[s].first;
      if (r.first.channel < sources_[s].first || slot >= slots_[s].size()) continue;
      const bool wanted = slots_[s][slot].tickable && r.first.quality != Quality::missing;
      watches[slot] = {&r, r.first, slots_[s][slot].update_period, !wanted};
    }
    while (!std::ranges::all_of(watches, &Watch::clean) && clock_->now() < deadline) {
      sink.clear();
      sources_[s].source->read(sink);
      for (const Reading& now : sink.readings()) {
        Watch& watch = watches[now.channel];
        if (watch.clean || now.quality == Quality::missing) continue;
        if (now.count != watch.last.count) {
          const Instant lo = middle(watch.last.before, watch.last.after);
          const Instant hi = middle(now.before, now.after);
          EdgeReading& r = *watch.reading;
          const Duration took = now.after - now.before;
          // On a starved machine reads are held up for many ticks. A tick known no better than to a period says less than
          // the counter as it stood at the edge.
          const bool known = now.after - watch.last.before <= watch.period;
          if (known && (!r.ticked || hi - lo < r.tick_hi - r.tick_lo)) {
            r.ticked = true;
            r.old_count = watch.last.count;
            r.tick_count = now.count;
            r.tick_lo = lo;
            r.tick_hi = hi;
            r.tick_read = took;
          }
          watch.clean = std::max(hi - lo, took) <= watch.period / kCleanFraction;
        }
        watch.last = now;
      }
    }
  }
}

}  // namespace impact
