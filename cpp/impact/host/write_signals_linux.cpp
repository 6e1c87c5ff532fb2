#include <signal.h>
#include <time.h>

#include <cerrno>

#include "impact/host/write_signals.hpp"

namespace impact {

void NoWriteSignals::take_caused() noexcept {
  constexpr timespec kNow{0, 0};
  while (sigtimedwait(&own_, nullptr, &kNow) < 0 && errno == EINTR) {}
}

}  // namespace impact
