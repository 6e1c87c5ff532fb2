#pragma once
// What the machine has of memory, from /proc/meminfo.

#include <cstdint>
#include <optional>
#include <string_view>

namespace impact {

// Bytes of one field ("MemTotal", "MemAvailable"); nullopt where the text has no such field in kB.
std::optional<std::uint64_t> meminfo_bytes(std::string_view text, std::string_view field) noexcept;

}  // namespace impact
