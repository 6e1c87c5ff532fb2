#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <new>

#include "impact/host/thread_system.hpp"

namespace impact {

static_assert(sizeof(sigset_t) <= 128);

SignalsKeptOff::SignalsKeptOff() noexcept {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, new (before_) sigset_t);
}

SignalsKeptOff::~SignalsKeptOff() {
  pthread_sigmask(SIG_SETMASK, std::launder(reinterpret_cast<const sigset_t*>(before_)), nullptr);
}

std::string limit_of_threads() {
  rlimit limit{};
  const bool is_limited = ::getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  if (!is_limited) return {};
  return " (this user may have " + std::to_string(limit.rlim_cur) +
         " processes and threads: `ulimit -u`, RLIMIT_NPROC)";
}

}  // namespace impact
