#include <pthread.h>
#include <signal.h>

#include <cerrno>
#include <initializer_list>

#include "impact/host/write_signals.hpp"

namespace impact {

NoWriteSignals::NoWriteSignals() noexcept {
  sigemptyset(&own_);
  sigset_t pending;
  sigpending(&pending);
  // A signal that waits already is the program's own, and stays.
  for (const int number : {SIGXFSZ, SIGPIPE}) {
    if (sigismember(&pending, number) != 1) sigaddset(&own_, number);
  }
  pthread_sigmask(SIG_BLOCK, &own_, &before_);
}

NoWriteSignals::~NoWriteSignals() {
  const int code = errno;
  take_caused();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  errno = code;
}

}  // namespace impact
