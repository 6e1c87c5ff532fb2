#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include <cerrno>

#include "impact/host/process_usage.hpp"

namespace impact {
namespace {

Duration of(const timeval& t) noexcept { return std::chrono::seconds{t.tv_sec} + std::chrono::microseconds{t.tv_usec}; }

#ifdef __WALL
constexpr int kAnyChild = __WALL;  // threads of another kind are children too, under Linux
#else
constexpr int kAnyChild = 0;
#endif

}  // namespace

Duration process_cpu_time() noexcept {
  timespec t{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0) return Duration{0};
  return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

Duration waited_children_cpu_time() noexcept {
  rusage usage{};
  if (getrusage(RUSAGE_CHILDREN, &usage) != 0) return Duration{0};
  return of(usage.ru_utime) + of(usage.ru_stime);
}

bool has_children() noexcept {
  siginfo_t news{};
  const int failed = waitid(P_ALL, 0, &news, WEXITED | WNOHANG | WNOWAIT | kAnyChild);
  return failed == 0 || errno != ECHILD;
}

bool waits_for_own_children() noexcept {
  struct sigaction now{};
  if (::sigaction(SIGCHLD, nullptr, &now) != 0) return true;
  return now.sa_handler != SIG_IGN && (now.sa_flags & SA_NOCLDWAIT) == 0;
}

}  // namespace impact
