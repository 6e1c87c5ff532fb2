#pragma once
// Measures the consumer's and everybody's work by package: CPU time weighed by who shares cores and by frequency
// (core_work.hpp). Only machines that have such differences need it.

#include <map>
#include <optional>
#include <vector>

#include "impact/attribution/machine_time.hpp"
#include "impact/host/host.hpp"
#include "impact/host/process_usage.hpp"

namespace impact {

// Tells where a consumer's threads ran: CPU time since the last call, by the CPU that each thread was on last, in
// hundredths of a second.
class ThreadPlaces {
 public:
  explicit ThreadPlaces(const Host& host) : host_(host) {}
  std::map<unsigned, double> by_cpu(const std::vector<int>& pids);

 private:
  struct Thread {
    std::uint64_t started = 0, ticks = 0;
  };
  Host host_;
  std::map<int, Thread> threads_;
};

class WorkMeter {
 public:
  // It returns nullopt where no two CPUs share a core and no frequency is told: a second is a second then.
  static std::optional<WorkMeter> open(const Host& host, const CpuMap& cpus);

  // Takes one interval: the machine's time by CPU (nanoseconds, absolute), where the consumer ran (any unit), and what it
  // used, by package. `seconds` is its length.
  void add(const std::map<unsigned, std::int64_t>& busy_ns, const std::map<unsigned, double>& own_by_cpu,
           const std::vector<double>& own_ns, double seconds);

  // Return the weighed nanoseconds so far, by package.
  const std::vector<double>& own() const noexcept { return own_; }
  const std::vector<double>& all() const noexcept { return all_; }

 private:
  explicit WorkMeter(const CpuMap& cpus);
  CpuMap cpus_;
  std::map<unsigned, Descriptor> frequencies_;
  std::map<unsigned, std::int64_t> last_ns_;
  std::vector<double> own_, all_;
};

}  // namespace impact
