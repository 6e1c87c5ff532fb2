#pragma once
// What a record says of the machine's sleeps: {"e":"note","kind":"suspended","from_ns":…,"to_ns":…,"asleep_ns":…}, on the
// monotonic clock that the header's start is on.

#include <nlohmann/json.hpp>
#include <optional>

#include "impact/core/suspension.hpp"

namespace impact {

nlohmann::json suspension_note(const Suspension& suspension);

// Returns the sleep that such a note tells of, and nullopt for other notes and impossible numbers. Never throws.
std::optional<Suspension> suspension_of(const nlohmann::json& note);

}  // namespace impact
