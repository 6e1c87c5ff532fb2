#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#include "impact/host/clock.hpp"

namespace impact {
namespace {

constexpr std::int64_t kFileTimeTick_ns = 100;
constexpr std::int64_t kTicksTo1970 = 116'444'736'000'000'000;  // are counted from 1601, where FILETIME begins

std::int64_t ticks_of(const FILETIME& time) noexcept {
  return static_cast<std::int64_t>((std::uint64_t{time.dwHighDateTime} << 32U) | time.dwLowDateTime);
}

class SystemClock final : public Clock {
 public:
  Instant now() const noexcept override {  // it stands still while the machine sleeps
    ULONGLONG ticks = 0;
    QueryUnbiasedInterruptTimePrecise(&ticks);
    return instant(static_cast<std::int64_t>(ticks) * kFileTimeTick_ns);
  }
  std::int64_t utc_ns() const noexcept override {
    FILETIME time{};
    GetSystemTimePreciseAsFileTime(&time);
    return (ticks_of(time) - kTicksTo1970) * kFileTimeTick_ns;
  }
  std::int64_t boot_ns() const noexcept override {
    ULONGLONG ticks = 0;
    QueryInterruptTimePrecise(&ticks);
    return static_cast<std::int64_t>(ticks) * kFileTimeTick_ns;
  }
};

}  // namespace

const Clock& system_clock() noexcept {
  static const SystemClock clock;
  return clock;
}

Duration thread_cpu_time() noexcept {
  FILETIME begun{}, ended{}, kernel{}, user{};
  if (GetThreadTimes(GetCurrentThread(), &begun, &ended, &kernel, &user) == 0) return Duration{0};
  return Duration{(ticks_of(kernel) + ticks_of(user)) * kFileTimeTick_ns};
}

}  // namespace impact
