#pragma once
// What a record says of a source that gave less than it should, and of a disk that took less of the record than there
// was: notes, and the words that follow from them in results.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace impact {

// Makes the note that goes into the record.
nlohmann::json trouble_note(std::string_view source, std::string_view trouble);

// Returns the remark that such a note makes in the record's results, and nullopt for every other note. Never throws.
std::optional<std::string> trouble_remark(const nlohmann::json& note);

}  // namespace impact
