#include "impact/host/clock.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

namespace impact {
namespace {

// Both clocks tick alike; a sleep is never this short.
constexpr Duration kShortestSleep = std::chrono::milliseconds{1};

}  // namespace

std::int64_t utc_ns_at(Instant at, const Clock& clock) noexcept {
  constexpr int kLooks = 5;
  constexpr Duration kShortEnough = std::chrono::microseconds{20};
  Duration shortest = Duration::max();
  std::int64_t utc_ns = 0;
  for (int look = 0; look < kLooks && shortest > kShortEnough; ++look) {
    const Instant before = clock.now();
    const std::int64_t now_ns = clock.utc_ns();
    const Instant after = clock.now();
    if (after - before >= shortest) continue;
    shortest = after - before;
    utc_ns = now_ns - (before + shortest / 2 - at).count();
  }
  return utc_ns;
}

std::optional<Suspension> SuspendWatch::look(const Clock& clock) noexcept {
  const Instant before = clock.now();
  const Duration boot{clock.boot_ns()};
  const Instant after = clock.now();
  const Look now{before, boot - after.time_since_epoch(), boot - before.time_since_epoch()};
  const std::optional<Look> last = std::exchange(last_, now);
  if (!last || now.least <= last->most + kShortestSleep) return std::nullopt;
  return Suspension{last->at, after, now.least - last->most};
}

std::string iso_utc(std::int64_t utc_ns) {
  using namespace std::chrono;
  const sys_seconds moment{floor<std::chrono::seconds>(std::chrono::nanoseconds{utc_ns})};
  const sys_days day = floor<days>(moment);
  const year_month_day date{day};
  const hh_mm_ss time{moment - day};
  std::array<char, 48> text{};
  const int n = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                              static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                              static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                              static_cast<int>(time.seconds().count()));
  return {text.data(), static_cast<std::size_t>(n)};
}

}  // namespace impact
