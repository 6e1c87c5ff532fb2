#pragma once
// Keeps from the program the signals that a failing write of the tracker would send it: the program did not write.

#include <signal.h>

namespace impact {

// Holds back, in this thread, the signals that a failing write sends (SIGXFSZ, SIGPIPE). The destructor takes away the
// one that a write caused meanwhile, so that the program never gets it.
class NoWriteSignals {
 public:
  NoWriteSignals() noexcept;
  ~NoWriteSignals();
  NoWriteSignals(const NoWriteSignals&) = delete;
  NoWriteSignals& operator=(const NoWriteSignals&) = delete;

 private:
  void take_caused() noexcept;  // each system waits for a signal in its own way

  sigset_t own_;     // holds the signals that none but our own write can cause now
  sigset_t before_;  // holds what the thread held back already
};

}  // namespace impact
