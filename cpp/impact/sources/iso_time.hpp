#pragma once
// Reads and writes instants as web services write them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace impact {

// Turns "2025-04-18T18:55:33.754307+02:00", with 0 to 9 digits of fraction and "Z" or an offset, into nanoseconds of
// UTC since 1970. It returns nullopt for anything else, a local time without offset too: that would be off by hours.
std::optional<std::int64_t> parse_iso_time(std::string_view text) noexcept;

// Writes an instant as "2025-04-18T16:55:33.754Z".
std::string format_iso_time(std::int64_t utc_ns);

}  // namespace impact
