#pragma once
// Tells what processes have used, by this one's exact clocks and by any process's line of /proc.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "impact/core/time.hpp"
#include "impact/host/host.hpp"

namespace impact {

// Returns the CPU time of all threads of this process, to the nanosecond.
Duration process_cpu_time() noexcept;

// Returns the CPU time of all threads of any process, those that have ended included, to the nanosecond: by one system
// call and no file. Returns nullopt where there is no such process. The number is of this process's namespace.
std::optional<Duration> cpu_time_of(int pid) noexcept;

// Returns the CPU time of this process's children that have ended and were waited for, with theirs, to the microsecond.
Duration waited_children_cpu_time() noexcept;

// Tells whether this process has a child, running or not yet waited for. It takes no news from anybody who waits.
bool has_children() noexcept;

// Returns false for a process that lets its children go unwaited (it ignores SIGCHLD): their time is in nobody's sum.
bool waits_for_children(const Host& host, int pid) noexcept;
// Tells the same of this process, by its own handler.
bool waits_for_own_children() noexcept;

// Holds one line of /proc/<pid>/stat. Times are hundredths of a second, and sums over all threads.
struct ProcessStat {
  int pid = 0;
  int parent = 0;
  char state = '?';
  std::uint64_t cpu_ticks = 0;       // is the sum of user and system time
  std::uint64_t children_ticks = 0;  // are of children that have ended and were waited for, with theirs
  std::uint64_t started = 0;         // tells two processes of one number apart
  int cpu = -1;                      // is where it ran last
};

// Returns nullopt for any other text. The name in it may hold anything, brackets and newlines too.
std::optional<ProcessStat> parse_process_stat(std::string_view text) noexcept;
// Returns nullopt where there is no such process.
std::optional<ProcessStat> read_process_stat(const Host& host, int pid);
// Does the same for one thread.
std::optional<ProcessStat> read_thread_stat(const Host& host, int pid, int thread);

// Lists the children of all threads of a process. Returns nullopt where the kernel has no list (CONFIG_PROC_CHILDREN).
std::optional<std::vector<int>> children_of(const Host& host, int pid);
// Lists the threads of a process; the list is empty where there is no such process.
std::vector<int> threads_of(const Host& host, int pid);
// Lists all processes by number.
std::vector<int> all_processes(const Host& host);

inline constexpr std::int64_t kTickNs = 10'000'000;  // USER_HZ is 100 on every platform we run on

// Tells whether the host's /proc numbers processes as this process's own calls do: it is no fake one, of one namespace.
bool numbers_processes_alike(const Host& host);

// Tells whether this process is in a container's namespace, in which processes have other numbers than on the machine.
bool in_process_namespace(const Host& host);

}  // namespace impact
