#pragma once
// Reads perf events of a system-wide PMU, several by one call.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "impact/host/file.hpp"

namespace impact {

class PerfGroup {
 public:
  static constexpr std::size_t kMostEvents = 15;

  // Counts `configs` of the PMU `type` on one CPU, over all processes, from 0 on. The error is forbidden (no permission,
  // or a container's filter), absent (no such PMU or event) or misconfigured (too many open files).
  static Result<PerfGroup> open(std::uint32_t type, std::span<const std::uint64_t> configs, unsigned cpu);

  // Takes open descriptors, the leader first. read() of the leader gives the kernel's layout of a group: the number of
  // values, then the values.
  explicit PerfGroup(std::vector<Descriptor> events) noexcept : events_(std::move(events)) {}

  // Reads the values by one read(2), in the order of the configs. Returns false where the kernel gives fewer or more
  // than `values` holds, or none. Several threads may read at once.
  bool read(std::span<std::uint64_t> values) const noexcept;

 private:
  std::vector<Descriptor> events_;
};

}  // namespace impact
