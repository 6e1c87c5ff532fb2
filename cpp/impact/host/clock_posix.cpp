#include <time.h>

#include "impact/host/clock.hpp"
#include "impact/host/clock_system.hpp"

namespace impact {
namespace {

std::int64_t read_clock(clockid_t id) noexcept {
  timespec ts{};
  clock_gettime(id, &ts);
  return static_cast<std::int64_t>(ts.tv_sec) * 1'000'000'000 + ts.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  Instant now() const noexcept override { return instant(read_clock(awake_clock)); }
  std::int64_t utc_ns() const noexcept override { return read_clock(CLOCK_REALTIME); }
  std::int64_t boot_ns() const noexcept override { return read_clock(always_clock); }
};

}  // namespace

const Clock& system_clock() noexcept {
  static const SystemClock clock;
  return clock;
}

Duration thread_cpu_time() noexcept { return Duration{read_clock(CLOCK_THREAD_CPUTIME_ID)}; }

}  // namespace impact
