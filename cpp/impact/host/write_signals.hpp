#pragma once
// Keeps the signals of a failing write from the program, to which they say nothing that it asked for.

#include <signal.h>

namespace impact {

// Holds back, in this thread, the signals that a failing write sends, and takes away one that it caused.
class NoWriteSignals {
 public:
  NoWriteSignals() noexcept;
  ~NoWriteSignals();
  NoWriteSignals(const NoWriteSignals&) = delete;
  NoWriteSignals& operator=(const NoWriteSignals&) = delete;

 private:
  sigset_t own_;
  sigset_t before_;
};

}  // namespace impact
