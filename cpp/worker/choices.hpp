// Lists the words that a command's field takes, where these are few. Commands refuse any other word, and "list" tells
// them, so that nobody above the worker has to repeat them.
#pragma once

#include "worker/config.hpp"

#include <string>
#include <utility>
#include <vector>

namespace impact::worker {

// Lists each field with its words; the first word is the default.
const std::vector<std::pair<std::string, std::vector<std::string>>>& all_choices();

// Returns the word that the command gives this field. Throws ProtocolError("bad-value") for a word that it does not take.
std::string choice_of(const Fields& fields, const std::string& field);

}  // namespace impact::worker
