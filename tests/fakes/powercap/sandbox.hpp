// A mount namespace (and, on request, a network namespace) of our own: what is mounted in it is seen by programs in it
// alone, and is gone when the last of them has ended, however it ended.
#pragma once

#include <sys/types.h>

#include <stdexcept>
#include <string>

namespace impact::fakes {

/// This machine refuses what a fake machine needs (namespaces, mounts, FUSE): a reason to skip, not a fault.
class Unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Moves this process (single-threaded yet) into new namespaces; without root into a user namespace as its root too.
/// no_network: a network with nothing but its own loopback. Throws Unavailable with the reason.
void enter_new_sandbox(bool no_network);

/// Joins the namespaces of another process, e.g. of the holder of a sandbox. The working directory is kept.
void join_sandbox(pid_t holder);

/// A directory to build in, seen nowhere: a tmpfs laid over an existing directory until it is lifted off again.
class Staging {
 public:
  Staging();
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Makes source appear at target (inside the sandbox). A target that does not exist is made in an overlay over its
/// parent directory; where the kernel refuses the overlay, in a tmpfs that binds everything else the parent held.
void show_at(const std::string& source, const std::string& target, const Staging& staging);

/// Ends every other process in this process' mount namespace.
void kill_all_in_sandbox();

}  // namespace impact::fakes
