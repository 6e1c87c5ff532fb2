#include "impact/sources/proc_stat.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace impact {

std::optional<std::uint64_t> parse_busy_jiffies(std::string_view stat) noexcept {
  constexpr std::string_view kPrefix = "cpu ";
  if (!stat.starts_with(kPrefix)) return std::nullopt;
  const std::size_t line_end = stat.find('\n');
  if (line_end == std::string_view::npos) return std::nullopt;
  const char* at = stat.data() + kPrefix.size();
  const char* const end = stat.data() + line_end;
  // user nice system idle iowait irq softirq [steal guest guest_nice]
  std::array<std::uint64_t, 7> fields{};
  std::size_t count = 0;
  while (count < fields.size()) {
    while (at != end && *at == ' ') ++at;
    if (at == end) break;
    const auto [next, error] = std::from_chars(at, end, fields[count]);
    if (error != std::errc{} || (next != end && *next != ' ')) return std::nullopt;
    at = next;
    ++count;
  }
  if (count < 4) return std::nullopt;
  return fields[0] + fields[1] + fields[2] + fields[5] + fields[6];
}

std::size_t count_stat_cpus(std::string_view stat) noexcept {
  std::size_t count = 0;
  for (std::size_t at = stat.find("\ncpu"); at != std::string_view::npos; at = stat.find("\ncpu", at + 1)) ++count;
  return count;
}

Result<BusyTime> BusyTime::open(const Host& host, unsigned cpus) {
  const auto path = host.path("/proc/stat");
  Result<Descriptor> stat = open_for_reading(path);
  if (!stat) return stat.error();
  BusyTime time{std::move(stat).value(), std::uint64_t{100} * std::max(cpus, 1U)};
  if (!time.jiffies()) return Error{ErrorKind::broken, path.string() + ": its first line is not the CPUs' time", ""};
  return time;
}

std::optional<std::uint64_t> BusyTime::jiffies() noexcept {
  std::array<char, 256> text;
  const std::ptrdiff_t n = read_at(stat_, text);
  if (n <= 0) return std::nullopt;
  const auto value = parse_busy_jiffies({text.data(), static_cast<std::size_t>(n)});
  if (!value) return std::nullopt;
  std::uint64_t last = last_.load(std::memory_order_relaxed);
  while (*value > last || last - *value > slack_) {
    if (last_.compare_exchange_weak(last, *value, std::memory_order_relaxed)) return value;
  }
  return last;
}

}  // namespace impact
