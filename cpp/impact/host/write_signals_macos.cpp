#include <signal.h>

#include <initializer_list>

#include "impact/host/write_signals.hpp"

namespace impact {

// macOS has no sigtimedwait(): only a signal that is pending is waited for, so that the wait ends at once.
void NoWriteSignals::take_caused() noexcept {
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
}

}  // namespace impact
