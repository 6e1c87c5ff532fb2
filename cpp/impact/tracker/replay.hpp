#pragma once
// Feeds a record through the live accumulator again: the same rows and marks give the same results.

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

// Shows one channel over time. For an energy counter value[i] is the mean power since the reading before, for a gauge
// the value at time[i], and NaN where nothing was measured. Times are seconds since the record's start.
struct Series {
  std::vector<double> time_s;
  std::vector<double> value;
};

struct Replay {
  Header header;
  std::optional<RegionResult> run;     // goes to the last reading where the record ends early; nullopt: it never began
  std::vector<RegionResult> regions;   // are the closed ones, in the order of their exits
  std::vector<std::string> left_open;  // names the regions that the record's end found open
  nlohmann::json totals;               // is the last line as written, and null where there is none
  nlohmann::json health;
  std::vector<nlohmann::json> notes;
  bool complete = false;
  std::optional<std::string> damage;
  std::uint64_t rows = 0;

  // Returns the result of the run. A tracker that was never started has an empty one of 0 s.
  RegionResult result() const;
};

// Reads all that can be read. The error says that there is no such file, that it is no record, or of a later version.
Result<Replay> replay(const std::filesystem::path& path);

// Reads one channel's series. The error absent names the ids that the record has.
Result<Series> read_series(const std::filesystem::path& path, const std::string& channel_id);

}  // namespace impact
