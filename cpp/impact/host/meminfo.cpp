#include "impact/host/meminfo.hpp"

#include <array>

#include "impact/host/words.hpp"

namespace impact {

std::optional<std::uint64_t> meminfo_bytes(std::string_view text, std::string_view field) noexcept {
  while (!text.empty()) {
    std::string_view line = next_line(text);
    if (!line.starts_with(field) || line.size() <= field.size() || line[field.size()] != ':') continue;
    line.remove_prefix(field.size() + 1);
    const auto kib = parse_number<std::uint64_t>(next_word(line));
    if (!kib || line != " kB" || *kib > (std::uint64_t{1} << 50U)) return std::nullopt;
    return *kib * 1024;
  }
  return std::nullopt;
}

std::optional<std::int64_t> used_memory(const Descriptor& meminfo, bool with_cache) noexcept {
  std::array<char, 256> buffer;  // holds the first three lines: MemTotal, MemFree and MemAvailable
  const std::ptrdiff_t n = read_at(meminfo, buffer);
  if (n <= 0) return std::nullopt;
  const std::string_view text{buffer.data(), static_cast<std::size_t>(n)};
  const auto total = meminfo_bytes(text, "MemTotal");
  const auto left = meminfo_bytes(text, with_cache ? "MemFree" : "MemAvailable");
  if (!total || !left || *left > *total) return std::nullopt;
  return static_cast<std::int64_t>(*total - *left);
}

}  // namespace impact
