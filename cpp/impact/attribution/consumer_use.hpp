#pragma once
// Says whose energy is asked for, and what that consumer uses: CPU time, memory, processes, its part of the machine's
// cores.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "impact/attribution/cgroup.hpp"
#include "impact/attribution/process_tree.hpp"

namespace impact {

enum class Scope : std::uint8_t {
  machine,  // nobody's share is asked for
  process,  // a process and all that descends from it
  cgroup,   // everything in the process's control group
  job,      // everything in the batch job's or container's control group
};

constexpr std::string_view to_string(Scope s) noexcept {
  constexpr std::string_view kNames[] = {"machine", "process", "cgroup", "job"};
  return kNames[static_cast<std::size_t>(s)];
}

struct Whose {
  Scope scope = Scope::machine;
  std::int64_t pid = 0;        // 0 stands for this process
  bool children_only = false;  // counts what a process has started, without the process itself
};

struct MemoryUse {
  std::int64_t bytes = 0;
  bool fresh = true;  // is false where the value is of an earlier look
};

// Only one thread may use it at a time.
class ConsumerUse {
 public:
  // Error: absent (no such process, no control group, no job), forbidden.
  static Result<std::unique_ptr<ConsumerUse>> open(const Host& host, const Whose& whose);

  const std::string& name() const noexcept { return name_; }  // "Slurm job 77", "process 1234 and its children"
  std::optional<std::int64_t> cpu_ns();
  // Returns the memory of a group with its page cache, the resident memory of one process, or the proportional sets of
  // several processes. Those are read every 30 s at most, because that walks the page tables of the program.
  std::optional<MemoryUse> memory(Instant now);
  bool counts_page_cache() const noexcept { return meter_ && meter_->has_memory(); }
  // The processes are those of the last cpu_ns(); of a group they are listed now.
  std::vector<int> pids() const;
  // Lists the CPUs that it may run on; the list is empty where it may run on all.
  const std::vector<unsigned>& cpus() const noexcept { return cpus_; }
  std::optional<double> quota() const noexcept { return quota_; }
  // Counts the consumers of its kind that the machine has now; returns nullopt where they cannot be told.
  std::optional<std::size_t> fellows() const;
  double unwaited_part() const noexcept { return tree_ ? tree_->unwaited_part() : 0.0; }
  bool blind() const noexcept { return tree_ && !meter_ && tree_->blind(); }
  // Whether CPU time comes from a control group's counter, which misses nothing.
  bool by_group() const noexcept { return meter_.has_value(); }

 private:
  ConsumerUse(const Host& host, std::int64_t pid) : host_(host), pid_(pid) {}
  Result<bool> open_tree(bool children_only);
  Result<bool> open_group(Scope scope);
  void use_own_group();
  std::vector<unsigned> allowed_cpus() const;

  Host host_;
  std::int64_t pid_;
  std::string name_;
  std::optional<ProcessTree> tree_;
  std::optional<CgroupPlace> place_;
  std::optional<JobPath> job_;
  std::optional<CgroupMeter> meter_;
  std::vector<unsigned> cpus_;
  std::optional<double> quota_;
  std::optional<MemoryUse> memory_;
  Instant next_memory_{};
};

}  // namespace impact
