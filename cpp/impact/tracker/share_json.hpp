#pragma once
// Writes shares as records and Python see them, and tells in a record what was divided by what.

#include <nlohmann/json.hpp>
#include <span>

#include "impact/attribution/share_ledger.hpp"
#include "impact/core/error.hpp"

namespace impact {

nlohmann::json to_json(const Share& share, std::span<const Channel> channels);

nlohmann::json share_to_json(const ShareSettings& settings);
// Reads a record's header, where null or nothing means that no share was asked for. Error broken says what is odd.
Result<ShareSettings> share_from_json(const nlohmann::json& json, std::size_t channels);

}  // namespace impact
