#pragma once
// What processes have used: this one's exact clocks, and any process's line of /proc.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "impact/core/time.hpp"
#include "impact/host/host.hpp"

namespace impact {

// CPU time of all threads of this process, to the nanosecond.
Duration process_cpu_time() noexcept;

// CPU time of this process's children that have ended and were waited for, with theirs, to the microsecond.
Duration waited_children_cpu_time() noexcept;

// Whether this process has a child, running or not yet waited for. Takes no news from anybody who waits.
bool has_children() noexcept;

// False for a process that lets its children go unwaited (SIGCHLD ignored): their time is in nobody's sum.
bool waits_for_children(const Host& host, int pid) noexcept;

// One line of /proc/<pid>/stat. Times are hundredths of a second, and sums over all threads.
struct ProcessStat {
  int pid = 0;
  int parent = 0;
  char state = '?';
  std::uint64_t cpu_ticks = 0;       // user and system
  std::uint64_t children_ticks = 0;  // of children that have ended and were waited for, with theirs
  std::uint64_t started = 0;         // tells two processes of one number apart
  int cpu = -1;                      // where it ran last
};

// nullopt for any other text. The name in it may hold anything, brackets and newlines too.
std::optional<ProcessStat> parse_process_stat(std::string_view text) noexcept;
// nullopt where there is no such process.
std::optional<ProcessStat> read_process_stat(const Host& host, int pid);
// The same of one thread.
std::optional<ProcessStat> read_thread_stat(const Host& host, int pid, int thread);

// Children of all threads of a process. nullopt where the kernel does not list them (CONFIG_PROC_CHILDREN).
std::optional<std::vector<int>> children_of(const Host& host, int pid);
// Threads of a process; empty where there is none.
std::vector<int> threads_of(const Host& host, int pid);
// All processes, by number.
std::vector<int> all_processes(const Host& host);

inline constexpr std::int64_t kTickNs = 10'000'000;  // USER_HZ is 100 on every platform we run on

// Numbers of processes in this process differ from the machine's: it is in a container's namespace.
bool in_process_namespace(const Host& host);

}  // namespace impact
