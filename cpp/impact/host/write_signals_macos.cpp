#include <pthread.h>
#include <signal.h>

#include <cerrno>
#include <initializer_list>

#include "impact/host/write_signals.hpp"

namespace impact {

NoWriteSignals::NoWriteSignals() noexcept {
  sigemptyset(&own_);
  sigaddset(&own_, SIGXFSZ);
  sigaddset(&own_, SIGPIPE);
  sigset_t pending;
  sigpending(&pending);
  if (sigismember(&pending, SIGXFSZ) == 1) sigdelset(&own_, SIGXFSZ);  // the program's own waits already
  if (sigismember(&pending, SIGPIPE) == 1) sigdelset(&own_, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &own_, &before_);
}

NoWriteSignals::~NoWriteSignals() {
  const int code = errno;
  sigset_t pending;
  sigpending(&pending);
  for (const int number : {SIGXFSZ, SIGPIPE}) {
    if (sigismember(&own_, number) != 1 || sigismember(&pending, number) != 1) continue;
    sigset_t caused;
    sigemptyset(&caused);
    sigaddset(&caused, number);
    int taken = 0;
    sigwait(&caused, &taken);
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  errno = code;
}

}  // namespace impact
