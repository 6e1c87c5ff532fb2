#pragma once
// What the machine has of memory, from /proc/meminfo.

#include <cstdint>
#include <optional>
#include <string_view>

#include "impact/host/file.hpp"

namespace impact {

// Bytes of one field ("MemTotal", "MemAvailable"); nullopt where the text has no such field in kB.
std::optional<std::uint64_t> meminfo_bytes(std::string_view text, std::string_view field) noexcept;

// Bytes in use, by the open /proc/meminfo: with page cache (total less free) or without (total less available).
std::optional<std::int64_t> used_memory(const Descriptor& meminfo, bool with_cache) noexcept;

}  // namespace impact
