#pragma once
// What a record holds: its header, and the events after it in the order in which they were written.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/core/mark.hpp"
#include "impact/core/reading.hpp"
#include "impact/core/time.hpp"

namespace impact {

// Channels that are read together, in the order of their readings in a row: those of one source. A channel is in one
// group at most.
struct Group {
  std::string source;
  std::vector<std::uint32_t> channels;  // indices into Header::channels
};

struct Header {
  int version = 1;
  std::string run_id;
  Instant start{};                // the zero of every time in the record, on the machine's monotonic clock
  std::int64_t start_utc_ns = 0;  // UTC at `start`: the only wall-clock time of the record
  std::string boot_id;            // monotonic times of two records compare only where it is the same
  std::int64_t pid = 0;
  std::vector<Channel> channels;
  std::vector<Group> groups;
  nlohmann::json info;  // host, settings, tags, versions, probes: free form, kept as it is
};

// One round of a group: a reading for each of its channels, in order, missing ones with Quality::missing. A reading
// that came outside such a round (a driver's ring, a late series) is a Row with that reading alone.
// Channel indices are those of the header; times are whole microseconds after its start.
struct Row {
  std::uint32_t group = 0;
  std::vector<Reading> readings;
};

// A remark in free form ("e" is not among its keys). The writer's own: {"kind": "dropped_lines", "lines": n},
// and before the end of a record whose disk was full {"kind": "disk_full", "lines": n}, where n are all that it lacks.
struct Note {
  nlohmann::json body;
};

// The last event of a record that was ended in order: results and health, in free form.
struct Totals {
  nlohmann::json body;
};

using Event = std::variant<Row, Mark, Note, Totals>;

}  // namespace impact
