#include <condition_variable>
#include <mutex>

#include "impact/host/clock.hpp"
#include "impact/host/fork.hpp"
#include "impact/host/thread.hpp"

namespace impact {
namespace {

// Without a kernel that waits on a word, all wakers wait on one condition: whoever is woken for nothing sleeps on.
struct Bell {
  std::mutex mutex;
  std::condition_variable rings;
};

}  // namespace

bool Waker::sleep_until(Instant deadline) noexcept {
  Bell& bell = per_process<Bell>();
  std::unique_lock lock(bell.mutex);
  while (asked_.load(std::memory_order_acquire) == 0) {
    const Duration left = deadline - system_clock().now();
    if (left <= Duration{0}) break;
    bell.rings.wait_for(lock, left);
  }
  return (asked_.fetch_and(kStop, std::memory_order_acq_rel) & kStop) == 0;
}

void Waker::ask(std::uint32_t what) noexcept {
  Bell& bell = per_process<Bell>();
  {
    const std::lock_guard lock(bell.mutex);  // else it could ring between a thread's look and its sleep
    asked_.fetch_or(what, std::memory_order_release);
  }
  bell.rings.notify_all();
}

}  // namespace impact
