#pragma once
// How a record names what its regions are summed from: written into the header, read back by the replay.

#include <nlohmann/json.hpp>

#include "impact/core/error.hpp"
#include "impact/sampling/region_book.hpp"

namespace impact {

nlohmann::json book_to_json(const BookSettings& settings);
// The settings of a record's book: its channels, and what book_to_json() wrote. Error broken: what is missing or odd.
Result<BookSettings> book_from_json(std::vector<Channel> channels, const nlohmann::json& json);

}  // namespace impact
