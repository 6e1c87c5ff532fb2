#pragma once
// Tells what the machine has of memory, from /proc/meminfo.

#include <cstdint>
#include <optional>
#include <string_view>

#include "impact/host/file.hpp"

namespace impact {

// Returns the bytes of one field ("MemTotal", "MemAvailable"), and nullopt where the text has no such field in kB.
std::optional<std::uint64_t> meminfo_bytes(std::string_view text, std::string_view field) noexcept;

// Returns the bytes in use, by the open /proc/meminfo: with page cache (total less free) or without (less available).
std::optional<std::int64_t> used_memory(const Descriptor& meminfo, bool with_cache) noexcept;

}  // namespace impact
