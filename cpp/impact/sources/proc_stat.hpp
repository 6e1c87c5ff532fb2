#pragma once
// Reads the machine's CPU time from /proc/stat, through a descriptor that is kept open.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "impact/host/file.hpp"
#include "impact/host/host.hpp"

namespace impact {

// Returns the jiffies (1/100 s) that all CPUs together have worked since boot: user, nice, system, irq and softirq. A
// guest's time is inside user; stolen time is left out, as the processor then worked for another machine. It returns
// nullopt for anything but the first line of /proc/stat.
std::optional<std::uint64_t> parse_busy_jiffies(std::string_view stat) noexcept;

// Counts the CPUs that /proc/stat lists.
std::size_t count_stat_cpus(std::string_view stat) noexcept;

inline constexpr double kJiffySeconds = 0.01;  // is USER_HZ, a part of the kernel's ABI on every platform we run on

class BusyTime {
 public:
  // There is an error where /proc/stat cannot be opened or read.
  static Result<BusyTime> open(const Host& host, unsigned cpus);
  BusyTime(BusyTime&& other) noexcept
      : stat_(std::move(other.stat_)), slack_(other.slack_), last_(other.last_.load()) {}

  // Several threads may read at once. A small step back (a switched-off CPU can do that) is held at the last value;
  // a large one is handed on, as a counter that began anew. It returns nullopt where it cannot be read.
  std::optional<std::uint64_t> jiffies() noexcept;

 private:
  BusyTime(Descriptor stat, std::uint64_t slack) noexcept : stat_(std::move(stat)), slack_(slack) {}
  Descriptor stat_;
  std::uint64_t slack_;
  std::atomic<std::uint64_t> last_{0};
};

}  // namespace impact
