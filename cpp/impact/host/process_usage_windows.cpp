#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#include "impact/host/process_usage.hpp"

namespace impact {

Duration process_cpu_time() noexcept {
  FILETIME begun{}, ended{}, kernel{}, user{};
  if (GetProcessTimes(GetCurrentProcess(), &begun, &ended, &kernel, &user) == 0) return Duration{0};
  constexpr std::int64_t kTick_ns = 100;
  const auto ticks = [](const FILETIME& time) {
    return static_cast<std::int64_t>((std::uint64_t{time.dwHighDateTime} << 32U) | time.dwLowDateTime);
  };
  return Duration{(ticks(kernel) + ticks(user)) * kTick_ns};
}

// A process under Windows does not hand its time on to who began it.
Duration waited_children_cpu_time() noexcept { return Duration{0}; }

bool has_children() noexcept { return false; }

bool waits_for_own_children() noexcept { return false; }

}  // namespace impact
