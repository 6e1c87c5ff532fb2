#pragma once
// A process of its own that sees the machine as it is, but for counters of energy that the benchmark made: so that what
// the tracker reads of itself in /proc is read as on a real machine. It takes the right to mount.

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "fakes/scratch.hpp"

namespace impact::bench {

namespace fs = std::filesystem;

// Makes `root` the root directory of this process, with the real /proc, devices and control groups in it. The mounts end
// with the process; no other one sees them. False where that is not allowed.
inline bool enter_root(const fs::path& root) {
  if (::unshare(CLONE_NEWNS) != 0) return false;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  for (const char* part : {"proc", "sys/devices", "sys/fs/cgroup"}) {
    fs::create_directories(root / part);
    const fs::path real = fs::path("/") / part;
    if (::mount(real.c_str(), (root / part).c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) return false;
  }
  return ::chroot(root.c_str()) == 0 && ::chdir("/") == 0;
}

// Runs `work(root, is_real)` in a child whose root is `root`, or, where mounts are refused, below `root`.
template <class Prepare, class Work>
int in_own_root(Prepare&& prepare, Work&& work) {
  const fakes::Scratch scratch;  // emptied by the parent, which does not see what the child has mounted
  const pid_t child = ::fork();
  if (child == 0) {
    prepare(scratch.path());
    const bool is_real = enter_root(scratch.path());
    std::_Exit(work(is_real ? fs::path("/") : scratch.path(), is_real));
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace impact::bench
