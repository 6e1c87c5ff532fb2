#pragma once
// Locks between the processes of one user on one machine. The kernel lets go of a lock when its holder dies in any way.
//
// It is a record lock (fcntl), where one would expect flock(2): a forked worker inherits a flock and would keep it
// after its parent's death; a record lock is its process's own.

#include <cstdint>
#include <string>

#include "impact/core/error.hpp"
#include "impact/host/file.hpp"
#include "impact/host/host.hpp"

namespace impact {

// A lock takes one of 2^63 places in a file, so that nothing is left behind for each run. It is not thread-safe. Two
// locks of one place in one process do not exclude each other, and the end of one lets go of both.
class ProcessLock {
 public:
  enum class State : std::uint8_t { mine, others, unusable };

  // Opens the file `name` in a directory of this user below the host's /run/lock, else /tmp. The error says why neither
  // can be opened.
  static Result<ProcessLock> open(const Host& host, const std::string& name, std::uint64_t place);

  // Takes it where it is free, and never waits. It is unusable where the file system knows no locks.
  State take() noexcept;
  void release() noexcept;

  // Returns the process that held it at the last take(), and 0 where the kernel does not say (another container's).
  std::int64_t holder() const noexcept { return holder_; }

 private:
  ProcessLock(Descriptor file, std::int64_t place) : file_(std::move(file)), place_(place) {}

  Descriptor file_;
  std::int64_t place_;
  std::int64_t holder_ = 0;
};

}  // namespace impact
