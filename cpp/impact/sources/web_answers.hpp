#pragma once
// What web services answer about power, taken apart. Pure: text in, values out; nonsense gives nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace impact {

// Redfish: watts of a Power (PowerControl[0].PowerConsumedWatts), EnvironmentMetrics (PowerWatts.Reading) or Sensor
// (Reading in W) resource. nullopt where there is none, or null, 0 or less: controllers write 0 for "not available".
std::optional<double> parse_redfish_watts(std::string_view body);

// Paths of the members of a Redfish collection.
std::vector<std::string> parse_redfish_members(std::string_view body);

struct KwollectRow {
  std::string metric;
  std::string label;  // what tells several rows of one instant apart; empty where there is one
  std::int64_t utc_ns = 0;
  double value = 0;
};

// The rows of one device, those with a time stamp and a value from 0 to 1e9. nullopt: not a list of rows.
std::optional<std::vector<KwollectRow>> parse_kwollect(std::string_view body, std::string_view device);

struct PrometheusValue {
  std::int64_t utc_ns = 0;
  double value = 0;
};

// The one value of an instant query. nullopt: an error, no value, more than one series, or not finite.
std::optional<PrometheusValue> parse_prometheus(std::string_view body);

}  // namespace impact
