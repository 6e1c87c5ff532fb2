#include <time.h>

#include "impact/host/process_usage.hpp"

namespace impact {

std::optional<Duration> cpu_time_of(int pid) noexcept {
  // By the kernel's interface, the clock of a process is the complement of its number, with the kind of clock in three
  // bits below it (2 is the scheduler's). clock_getcpuclockid() makes the same number, by a second system call.
  constexpr unsigned kSchedulersClock = 2;
  const auto clock = static_cast<clockid_t>(~static_cast<unsigned>(pid) << 3U | kSchedulersClock);
  timespec t{};
  if (pid <= 0 || clock_gettime(clock, &t) != 0) return std::nullopt;
  return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

}  // namespace impact
