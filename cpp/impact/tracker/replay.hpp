#pragma once
// A record fed through the live accumulator again: the same rows and marks, the same results.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/core/result.hpp"
#include "impact/record/event.hpp"
#include "impact/sampling/accumulator.hpp"

namespace impact {

// One channel over time. For an energy counter value[i] is the mean power since the reading before; for a gauge the
// value at time[i]; NaN where nothing was measured. Times are seconds since the record's start.
struct Series {
  std::vector<double> time_s;
  std::vector<double> value;
};

struct Replay {
  Header header;
  std::optional<RegionResult> run;     // up to the last reading where the record ends early; missing before the start
  std::vector<RegionResult> regions;   // closed ones, in the order of their exits
  std::vector<std::string> left_open;  // names of regions that the record's end found open
  nlohmann::json totals;               // the last line as written; null where there is none
  nlohmann::json health;
  std::vector<nlohmann::json> notes;
  bool complete = false;
  std::optional<std::string> damage;
  std::uint64_t rows = 0;

  // The result of the run. A tracker that was never started has an empty one of 0 s.
  RegionResult result() const;
};

// Reads all that can be read. The error: no such file, not a record, a version of the future.
Result<Replay> replay(const std::filesystem::path& path);

// One channel's series; error absent with near ids where the record has no such channel.
Result<Series> read_series(const std::filesystem::path& path, const std::string& channel_id);

}  // namespace impact
