#pragma once
// Measures the CPU time of a process with everything that descends from it: threads, children, theirs, and those that
// lived shorter than the time between two looks.
//
// A child that has ended stands in its parent's sum once the parent has waited for it, to the nanosecond; so a tree
// loses nothing as long as its processes wait for their children. Where a parent lets them go unwaited (it ignores
// SIGCHLD) the kernel's news of ended processes are asked for; without the right to those, what was seen of them last is
// kept, and blind() says that the rest is lost. A process that leaves its parent (a daemon) stays in the tree that it was seen in.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "impact/host/exit_accounting.hpp"
#include "impact/host/host.hpp"
#include "impact/host/process_usage.hpp"

namespace impact {

class ProcessTree {
 public:
  // `children_only` leaves the root itself out (the command that runs another and waits for it).
  ProcessTree(const Host& host, int root, bool children_only);

  // Returns nanoseconds of CPU time; they never go back, and only differences mean anything. It returns nullopt where
  // the root could never be read. After the root's end the value stands still but for what is left of its tree.
  std::optional<std::int64_t> cpu_ns();

  // Lists the processes of the last look, the root first where it runs and counts.
  const std::vector<int>& pids() const noexcept { return pids_; }
  // Returns the part of what cpu_ns() grew by that comes from processes that nobody waited for.
  double unwaited_part() const noexcept;
  // Says that children end unwaited and the kernel's news of them cannot be had: those that live shorter than the time
  // between two looks are not in the value then.
  bool blind() const noexcept { return unwaiting_ && !exits_; }

 private:
  struct Seen {
    ProcessStat stat;
    std::int64_t own_ns = 0;
    std::int64_t children_ns = 0;
  };
  using Look = std::map<int, Seen>;
  struct Need {  // says by how much a parent's sum has to have grown
    std::int64_t ns = 0;
    std::int64_t children_before_ns = 0;
  };

  bool is_alone() const noexcept;
  std::int64_t look_alone();
  Look look();
  std::optional<Seen> see(int pid) const;
  std::vector<int> children(int pid);
  void watch(const Look& now);
  void keep_unwaited(const Look& now);
  void settle(const Look& now);
  void need(const Look& now, int pid, std::int64_t used);
  int survivor(const Look& now, int pid) const;
  std::int64_t finish(Look now);

  Host host_;
  int root_;
  bool is_self_;
  bool children_only_;
  bool no_lists_ = false;  // is true where the kernel does not list children: all processes are looked at then
  Look last_;
  std::map<int, Need> pending_;
  bool unwaiting_ = false;
  std::unique_ptr<ExitAccounting> exits_;
  std::map<int, ExitRecord> ended_;  // holds by process the sum over its threads
  std::vector<int> pids_;
  std::map<int, std::vector<int>> by_parent_;  // holds one look, where the kernel has no lists
  std::int64_t unwaited_ns_ = 0;
  std::int64_t first_ns_ = -1;
  std::int64_t value_ns_ = 0;
};

}  // namespace impact
