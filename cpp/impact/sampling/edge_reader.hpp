#pragma once
// Reads the counters at the edge of a region, in the caller's thread.

#include <memory>
#include <vector>

#include "impact/core/mark.hpp"
#include "impact/host/host.hpp"
#include "impact/sources/source.hpp"

namespace impact {

// The longest that a tick edge waits for the counters to move.
inline constexpr Duration kTickWait = std::chrono::milliseconds{2};

// A source and the index of its first channel among all channels of a record.
struct PlacedSource {
  std::shared_ptr<Source> source;
  std::uint32_t first = 0;
};

// True for a source whose counters are read at the edges: fast, with at least one energy counter.
bool read_at_edges(const Source& source) noexcept;

class EdgeReader {
 public:
  // Keeps those of the sources that are read at the edges.
  EdgeReader(const Host& host, const std::vector<PlacedSource>& sources);

  // One reading of every counter; with Edges::tick, then polls (kTickWait at most) until each counter whose update
  // period allows it has moved once. Any number of threads at once. Never throws; what fails is missing.
  std::vector<EdgeReading> read(Edges edges) const noexcept;

 private:
  struct Slot {
    std::uint32_t channel;
    Duration update_period;
    bool tickable;
    bool counter;
  };
  void wait_for_ticks(std::vector<EdgeReading>& edge) const noexcept;

  const Clock* clock_;
  std::vector<PlacedSource> sources_;
  std::vector<std::vector<Slot>> slots_;  // by source, by its channel
};

}  // namespace impact
