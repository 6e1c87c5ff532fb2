#pragma once
// Tells what the machine has of memory, from /proc/meminfo.

#include <cstdint>
#include <optional>
#include <string_view>

#include "impact/host/file.hpp"

namespace impact {

// Returns the bytes of one field ("MemTotal", "MemAvailable"), and nullopt where the text has no such field in kB.
std::optional<std::uint64_t> meminfo_bytes(std::string_view text, std::string_view field) noexcept;

// What counts as used: `cached` means with page cache (total less free), `held` without (total less available), `mapped`
// without it but for the files that programs have mapped, which their resident memory holds too.
enum class MemoryKind : std::uint8_t { held, mapped, cached };

// Returns the bytes in use, by the open /proc/meminfo.
std::optional<std::int64_t> used_memory(const Descriptor& meminfo, MemoryKind kind) noexcept;

}  // namespace impact
