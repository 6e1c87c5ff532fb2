#pragma once
// Writes results, channels and health as records and Python see them: names have units, and null is what is missing.

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/core/result.hpp"
#include "impact/sampling/accumulator.hpp"

namespace impact {

// Gives a number, or null for NaN and infinities.
nlohmann::json number(double value);
nlohmann::json to_json(const Channel& channel);
nlohmann::json to_json(const RegionResult& result, std::span<const Channel> channels);
// Says in words where channels of a run contradict each other (sources/domain_tree.hpp), of what is known well enough.
nlohmann::json findings_json(const RegionResult& run, std::span<const Channel> channels);
// Says in words what sources that are used have left out, by a header's probes.
std::vector<std::string> remarks_on_probes(const nlohmann::json& info);
// Sums what went wrong over the channels, and lists it by channel where anything did.
nlohmann::json health_json(const Accumulator& accumulator, std::span<const Channel> channels);

}  // namespace impact
