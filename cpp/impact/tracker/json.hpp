#pragma once
// Results, channels and health in the form that records and Python see: units in the names, null for what is missing.

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/core/result.hpp"
#include "impact/sampling/accumulator.hpp"

namespace impact {

// A number, or null for NaN and infinities.
nlohmann::json number(double value);
nlohmann::json to_json(const Channel& channel);
nlohmann::json to_json(const RegionResult& result, std::span<const Channel> channels);
// Sums over the channels, and the failures by channel where there are any.
// Contradictions between the channels of a run, in words (sources/domain_tree.hpp), of what is known well enough.
nlohmann::json findings_json(const RegionResult& run, std::span<const Channel> channels);
// What a header's probes say of sources that are used and have left something out, in words.
std::vector<std::string> remarks_on_probes(const nlohmann::json& info);
nlohmann::json health_json(const Accumulator& accumulator, std::span<const Channel> channels);

}  // namespace impact
