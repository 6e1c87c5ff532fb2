#pragma once
// Settings of readers that must be told where to look. They come from the environment; secrets also from a file, and
// they are never repeated in a message or a record.

#include <optional>
#include <string>
#include <string_view>

#include "impact/core/error.hpp"

namespace impact {

// IMPACT_TRACKER_<name>; nullopt where it is not set or empty.
std::optional<std::string> setting(std::string_view name);

// IMPACT_TRACKER_<name>, else the first line of the file that IMPACT_TRACKER_<name>_FILE names; nullopt where neither is.
std::optional<std::string> secret(std::string_view name);

// "1", "true", "yes", "on".
bool is_switched_on(std::string_view name);

Error not_configured(std::string_view what, std::string_view advice);

}  // namespace impact
