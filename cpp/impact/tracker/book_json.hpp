#pragma once
// Writes into a record's header what its regions are summed from, and reads it back for the replay.

#include <nlohmann/json.hpp>

#include "impact/core/error.hpp"
#include "impact/sampling/region_book.hpp"

namespace impact {

nlohmann::json book_to_json(const BookSettings& settings);
// Gives what book_to_json() wrote into the info of a header; an empty object where it is not there.
nlohmann::json book_in(const nlohmann::json& info);
// Makes a record's book of its channels and of what book_to_json() wrote. Error broken says what is missing or odd.
Result<BookSettings> book_from_json(std::vector<Channel> channels, const nlohmann::json& json);

}  // namespace impact
