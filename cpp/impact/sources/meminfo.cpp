#include "impact/sources/meminfo.hpp"

#include <charconv>

namespace impact {

std::optional<std::uint64_t> meminfo_bytes(std::string_view text, std::string_view field) noexcept {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.starts_with(field) || line.size() <= field.size() || line[field.size()] != ':') continue;
    line.remove_prefix(field.size() + 1);
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    std::uint64_t kib = 0;
    const auto [next, error] = std::from_chars(line.data(), line.data() + line.size(), kib);
    const std::string_view unit{next, static_cast<std::size_t>(line.data() + line.size() - next)};
    if (error != std::errc{} || unit != " kB" || kib > (std::uint64_t{1} << 50U)) return std::nullopt;
    return kib * 1024;
  }
  return std::nullopt;
}

}  // namespace impact
