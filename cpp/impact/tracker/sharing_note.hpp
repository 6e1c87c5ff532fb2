#pragma once
// What a record says of sources that the processes of a run share (sources/shared_source.hpp): notes, and the words that
// follow from them in results.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "impact/sources/shared_source.hpp"

namespace impact {

// Makes the note that goes into the record; it is null where no source is shared.
nlohmann::json sharing_note(std::string_view source, const Sharing& sharing);

// Returns the remark that such a note makes in the record's results, and nullopt for every other note. Never throws.
std::optional<std::string> sharing_remark(const nlohmann::json& note);

// Returns the source that such a note says another process read, and nullopt for every other note. Never throws.
std::optional<std::string> source_read_elsewhere(const nlohmann::json& note);

}  // namespace impact
