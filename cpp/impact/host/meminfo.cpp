#include "impact/host/meminfo.hpp"

#include <algorithm>
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

std::optional<std::int64_t> used_memory(const Descriptor& meminfo, MemoryKind kind) noexcept {
  std::array<char, 2048> buffer;  // MemTotal, MemFree and MemAvailable come first, Mapped and Shmem about the twentieth
  const std::size_t length = kind == MemoryKind::mapped ? buffer.size() : 256;
  const std::ptrdiff_t n = read_at(meminfo, {buffer.data(), length});
  if (n <= 0) return std::nullopt;
  const std::string_view text{buffer.data(), static_cast<std::size_t>(n)};
  const auto total = meminfo_bytes(text, "MemTotal");
  const auto left = meminfo_bytes(text, kind == MemoryKind::cached ? "MemFree" : "MemAvailable");
  if (!total || !left || *left > *total) return std::nullopt;
  std::uint64_t used = *total - *left;
  if (kind == MemoryKind::mapped) {
    // Shared memory is mapped as files are, and is not available: it is in there already.
    const auto mapped = meminfo_bytes(text, "Mapped"), shared = meminfo_bytes(text, "Shmem");
    if (mapped && shared && *mapped > *shared) used += std::min(*mapped - *shared, *left);
  }
  return static_cast<std::int64_t>(used);
}

}  // namespace impact
