#pragma once
// Lists the processes of a machine, and what each has used since the look before: for views of the whole machine. A
// process that did nothing costs one system call, and only what has changed is told.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "impact/attribution/cgroup.hpp"
#include "impact/core/time.hpp"
#include "impact/host/file.hpp"
#include "impact/host/host.hpp"

namespace impact {

// Says what a process is. A command may hold any bytes.
struct ProcessFacts {
  int pid = 0;
  std::string command;
  std::string group;           // is the path of its control group; empty where it is not known
  std::optional<JobPath> job;  // is the batch job or the container that the group is in
};

struct ProcessTime {
  int pid = 0;
  Duration cpu{};  // is that of all its threads, more than none
};

struct ProcessChanges {
  std::vector<ProcessFacts> seen;  // are new, or have another command or group than before
  std::vector<int> gone;
  std::vector<ProcessTime> used;
};

// One thread at a time.
class ProcessTable {
 public:
  // `most_kept`: how many stat files stay open at most, those of processes that work. The kernel's clock of a process
  // says whether it worked since; where that cannot be asked (a fake machine, /proc of another namespace), each
  // process's file is read at each look, and times are in hundredths of a second.
  explicit ProcessTable(Host host, std::size_t most_kept = 512);

  // The first look tells nobody's time, for it would be their whole life; a process that began since counts with all it
  // has used. A number that another process has now is told as seen again.
  ProcessChanges look();

 private:
  struct Entry {
    Descriptor stat;
    std::string command, group;
    std::uint64_t started = 0, last_look = 0;
    Duration cpu{};
  };
  void renew_list();
  std::ptrdiff_t read(int pid, Entry& entry);
  Descriptor open(int pid);
  void look_at(int pid, ProcessChanges& changes);
  bool has_rested(int pid);
  bool renew_group(int pid, Entry& entry, std::optional<JobPath>& job) const;

  Host host_;
  std::size_t most_kept_;
  std::size_t kept_ = 0;
  const bool has_clocks_;
  std::uint64_t looks_ = 0;
  std::vector<int> pids_;
  std::set<int> unread_;      // are those that the last look could not read, and no look before it
  std::set<int> unread_now_;  // are the same of this look
  std::string newest_;        // number of the newest task when pids_ was read, as the kernel writes it
  bool has_lost_ = false;     // one of pids_ has ended since
  std::string text_;
  std::unordered_map<int, Entry> entries_;
};

}  // namespace impact
