#pragma once
// Frames as the service writes them, for the tests of those who read them.

#include <nlohmann/json.hpp>
#include <string>

namespace impact::test {

inline nlohmann::json channel_frame(const std::string& id, const std::string& domain, double energy_j,
                                    nlohmann::json before_j = nullptr) {
  return {{"id", id},
          {"source", "rapl_powercap"},
          {"device", "cpu:0"},
          {"domain", domain},
          {"role", "in_total"},
          {"quality", "measured"},
          {"energy_j", energy_j},
          {"power_w", nullptr},
          {"segment", 0},
          {"before_j", std::move(before_j)},
          {"sensor",
           {{"kind", "counter"},
            {"quality", "measured"},
            {"relative_error", 0.0},
            {"update_period_s", 0.001},
            {"max_power_w", 500.0}}}};
}

// Of one package and its memory, as a text that parses.
inline nlohmann::json service_frame(std::int64_t taken_ns = 5'000'000'000, double energy_j = 100.0,
                                    const std::string& run = "0123456789abcdef") {
  nlohmann::json dram = channel_frame("rapl/dram-0", "dram", energy_j / 4, energy_j / 4 - 20);
  dram["device"] = "memory:0";
  return {{"version", 2},
          {"began_unix_s", 1.75e9},
          {"taken_unix_s", 1.75e9 + 5},
          {"clock",
           {{"run", run},
            {"interval_s", 1.0},
            {"taken_ns", taken_ns},
            {"before_ns", taken_ns - 1'000'000'000},
            {"resolution_j", 0.01}}},
          {"channels", {channel_frame("rapl/package-0", "package", energy_j, energy_j - 80), dram}},
          {"machine", nullptr},
          {"sources_up", {{"rapl_powercap", true}}},
          {"health", nlohmann::json::object()}};
}

}  // namespace impact::test
