#include "impact/host/thread.hpp"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "impact/host/clock.hpp"
#include "impact/host/fork.hpp"

namespace impact {
namespace {

constexpr std::uint32_t kWake = 1;
constexpr std::uint32_t kStop = 2;

thread_local bool is_body_of_a_thread = false;

// " (this user may have 64 processes and threads: `ulimit -u`, RLIMIT_NPROC)", where there is such a limit.
std::string limit_of_threads() {
  rlimit limit{};
  const bool is_limited = ::getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  if (!is_limited) return {};
  return " (this user may have " + std::to_string(limit.rlim_cur) +
         " processes and threads: `ulimit -u`, RLIMIT_NPROC)";
}

}  // namespace

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

void Waker::wake() noexcept { ask(kWake); }

void Waker::stop() noexcept { ask(kStop); }

Thread::Thread(const std::string& name, std::function<void(Waker&)> body)
    : waker_(std::make_shared<Waker>()), generation_(fork_generation()) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([waker = waker_, body = std::move(body)] {
      is_body_of_a_thread = true;
      body(*waker);
    });
  } catch (const std::system_error& error) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw std::system_error(error.code(), "no thread could be started" + limit_of_threads());
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

Thread::~Thread() {
  if (generation_ != fork_generation()) {
    thread_.detach();  // the child has no such thread
    return;
  }
  waker_->stop();
  thread_.join();
}

bool is_without_signals() noexcept { return is_body_of_a_thread; }

}  // namespace impact
