#include "impact/host/clock.hpp"

#include <time.h>

#include <array>
#include <utility>

namespace impact {
namespace {

std::int64_t read_clock(clockid_t id) noexcept {
  timespec ts{};
  clock_gettime(id, &ts);
  return static_cast<std::int64_t>(ts.tv_sec) * 1'000'000'000 + ts.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  Instant now() const noexcept override { return instant(read_clock(CLOCK_MONOTONIC)); }
  std::int64_t utc_ns() const noexcept override { return read_clock(CLOCK_REALTIME); }
  std::int64_t boot_ns() const noexcept override { return read_clock(CLOCK_BOOTTIME); }
};

// Both clocks tick alike; a sleep is never this short.
constexpr Duration kShortestSleep = std::chrono::milliseconds{1};

}  // namespace

std::optional<Suspension> SuspendWatch::look(const Clock& clock) noexcept {
  const Instant before = clock.now();
  const Duration boot{clock.boot_ns()};
  const Instant after = clock.now();
  const Look now{before, boot - after.time_since_epoch(), boot - before.time_since_epoch()};
  const std::optional<Look> last = std::exchange(last_, now);
  if (!last || now.least <= last->most + kShortestSleep) return std::nullopt;
  return Suspension{last->at, after, now.least - last->most};
}

const Clock& system_clock() noexcept {
  static const SystemClock clock;
  return clock;
}

Duration thread_cpu_time() noexcept { return Duration{read_clock(CLOCK_THREAD_CPUTIME_ID)}; }

std::string iso_utc(std::int64_t utc_ns) {
  const time_t s = utc_ns / 1'000'000'000;
  tm parts{};
  gmtime_r(&s, &parts);
  std::array<char, 32> text{};
  const std::size_t n = strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), n};
}

}  // namespace impact
