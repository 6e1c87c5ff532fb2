#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <cerrno>

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
  constexpr timespec kNow{0, 0};
  while (sigtimedwait(&own_, nullptr, &kNow) < 0 && errno == EINTR) {}
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  errno = code;
}

}  // namespace impact
