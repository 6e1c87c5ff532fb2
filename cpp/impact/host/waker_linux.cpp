#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "impact/host/clock.hpp"
#include "impact/host/thread.hpp"

namespace impact {

bool Waker::sleep_until(Instant deadline) noexcept {
  const std::int64_t ns = std::max<std::int64_t>(nanoseconds(deadline), 0);
  const timespec until{ns / 1'000'000'000, ns % 1'000'000'000};
  bool over = false;
  while (asked_.load(std::memory_order_acquire) == 0 && !over) {
    // The kernel compares the word with 0 and sleeps in one step: what is asked for in between is not slept through.
    const long failed =
        ::syscall(SYS_futex, &asked_, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, nullptr, FUTEX_BITSET_MATCH_ANY);
    // The clock is asked first: whoever sleeps by it reads it anyway, and errno lies on a page that is cold by then.
    over = failed != 0 && (system_clock().now() >= deadline || (errno != EAGAIN && errno != EINTR));
  }
  return (asked_.fetch_and(kStop, std::memory_order_acq_rel) & kStop) == 0;
}

void Waker::ask(std::uint32_t what) noexcept {
  asked_.fetch_or(what, std::memory_order_release);
  ::syscall(SYS_futex, &asked_, FUTEX_WAKE_PRIVATE, 1);
}

}  // namespace impact
