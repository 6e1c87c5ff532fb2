#pragma once
// Line 1 of a record.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/record/event.hpp"

namespace impact {

// Why no record can be written under this header; nullopt where one can.
std::optional<std::string> fault(const Header& header);

// The line without its newline. Text that is not UTF-8 gets replacement characters.
std::string encode_header(const Header& header);

// Error: `what` is the reason alone, without path and line.
Result<Header> decode_header(std::string_view line);

// Index of each channel's group, kNoGroup for channels in none.
inline constexpr std::uint32_t kNoGroup = 0xFFFFFFFF;
std::vector<std::uint32_t> groups_by_channel(const Header& header);

}  // namespace impact
