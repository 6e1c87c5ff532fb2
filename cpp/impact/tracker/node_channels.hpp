#pragma once
// The channels of one machine as several of its records have them: each once, and how they add up. Pure.
//
// Ranks need not see the same: one has the permission to read a sensor, another has not; each sees its own GPU; one dies.
// The machine's sum is therefore chosen anew wherever the set of channels changes in a way that matters to it.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "impact/record/event.hpp"
#include "impact/sampling/region_book.hpp"

namespace impact {

// What one record says of its channels, and when it was written.
struct RecordView {
  Header header;
  BookSettings settings;
  Instant start{};
  Instant stop{};
};

// From `from` on the machine is summed so; up to the next period's begin.
struct Period {
  Instant from{};
  Roles roles;
};

struct NodeChannels {
  std::vector<Channel> channels;
  std::vector<bool> at_edges;
  std::vector<std::vector<std::uint32_t>> numbers;  // by record and its channel: the number here, or kNoChannel
  std::vector<Period> periods;                      // at least one
  Duration interval{0};                             // the slowest record's
  std::vector<std::string> notes;
};

// `records`: at least one. Left out is what belongs to a process, and a channel that two records describe differently.
NodeChannels node_channels(std::span<const RecordView> records);

}  // namespace impact
