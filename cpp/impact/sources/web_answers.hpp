#pragma once
// Takes apart what web services answer about power. Text goes in, values come out, and nonsense gives nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace impact {

// Reads watts of Redfish's Power (PowerControl[0].PowerConsumedWatts), EnvironmentMetrics (PowerWatts.Reading) or Sensor
// (Reading in W); returns nullopt where there are none, or null, 0 or less: controllers write 0 for "not available".
std::optional<double> parse_redfish_watts(std::string_view body);

// Lists the paths of the members of a Redfish collection.
std::vector<std::string> parse_redfish_members(std::string_view body);

struct KwollectRow {
  std::string metric;
  std::string label;  // tells several rows of one instant apart; it is empty where there is one
  std::int64_t utc_ns = 0;
  double value = 0;
};

// Lists the rows of one device that have a time stamp and a value from 0 to 1e9; returns nullopt for no list of rows.
std::optional<std::vector<KwollectRow>> parse_kwollect(std::string_view body, std::string_view device);

struct PrometheusValue {
  std::int64_t utc_ns = 0;
  double value = 0;
};

// Returns the one value of an instant query; nullopt for an error, no value, several series, or one not finite.
std::optional<PrometheusValue> parse_prometheus(std::string_view body);

}  // namespace impact
