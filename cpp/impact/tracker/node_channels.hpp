#pragma once
// Unites the channels of several records of one machine: each stands once, with the way in which they add up.
//
// Ranks may see different channels: one may read a sensor that another may not, each sees its own GPU, and one may die.
// The machine's sum is therefore chosen anew wherever the set of channels changes in a way that matters to it.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "impact/record/event.hpp"
#include "impact/sampling/region_book.hpp"

namespace impact {

// Holds what one record says of its channels, and when it was written.
struct RecordView {
  Header header;
  BookSettings settings;
  Instant start{};
  Instant stop{};
};

// The machine is summed in this way from `from` on, until the next period begins.
struct Period {
  Instant from{};
  Roles roles;
};

struct NodeChannels {
  std::vector<Channel> channels;
  std::vector<bool> at_edges;
  std::vector<std::vector<std::uint32_t>> numbers;  // tells of each record's channels the number here, or kNoChannel
  std::vector<Period> periods;                      // holds at least one
  Duration interval{0};                             // is the slowest record's
  std::vector<std::string> notes;
};

// `records` holds at least one. Channels of a process are left out, and channels that two records describe differently.
NodeChannels node_channels(std::span<const RecordView> records);

}  // namespace impact
