#pragma once
// Reads what a consumer and the whole machine use, as channels of a record, by the contract of a reader.
//
// Channels   usage/own_work:<package>, usage/all_work:<package> (counters, s: CPU time weighed by who shares cores and by
//            frequency) where CPUs differ so; usage/own_cpu:<package>, usage/all_cpu:<package> (counters, s; where there are several packages also their
//            sums, usage/own_cpu and usage/all_cpu), usage/own_memory, usage/all_memory (B),
//            usage/cores (the consumer's part of the machine's CPUs), usage/consumers (how many of its kind there are).
// Resolution Asked for once a second at most. A look at a large tree that takes longer than a millisecond is followed
//            by a pause 200 times as long: half a per cent of one core at the most.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "impact/attribution/consumer_use.hpp"
#include "impact/attribution/machine_time.hpp"
#include "impact/attribution/work_meter.hpp"
#include "impact/sources/source.hpp"

namespace impact {

inline constexpr const char* kUsageSource = "usage";

// Says which processes are the consumer's, to whoever meters processes elsewhere (GPUs). Any thread may ask.
class ConsumerPids {
 public:
  std::vector<int> get() const;
  void set(std::vector<int> pids);

 private:
  mutable std::mutex mutex_;
  std::vector<int> pids_;
};

struct UsageOptions {
  bool memory = true;      // is true where the total holds memory's energy
  bool consumers = false;  // is true where the idle policy asks how many there are
  bool pids = false;       // is true where somebody asks which processes are the consumer's
};

// Splits the consumer's CPU time by package. Where all its CPUs lie in one package, that has all of it; else it goes by
// where the threads ran last.
class PackageSplit {
 public:
  PackageSplit(const CpuMap& cpus, const std::vector<unsigned>& allowed);
  // Returns the parts of the CPU time since the last call by package, which add up to 1; empty where nothing is known.
  const std::vector<double>& parts(const std::map<unsigned, double>& by_cpu);
  bool needs_places() const noexcept { return !fixed_; }

 private:
  const CpuMap* cpus_;
  std::vector<double> parts_;
  bool fixed_ = false;
};

class UsageSource final : public Source {
 public:
  UsageSource(const Host& host, std::unique_ptr<ConsumerUse> use, MachineTime machine, UsageOptions options);

  std::span<const Channel> channels() const noexcept override { return channels_; }
  void read(Sink& out) noexcept override;
  const std::string& name() const noexcept { return use_->name(); }
  std::shared_ptr<ConsumerPids> pids() const noexcept { return pids_; }
  // Says how the consumer's CPU time is had, and what of it is known only from a look before its end.
  bool by_group() const noexcept { return use_->by_group(); }
  double unwaited_part() const;
  bool blind() const;  // means the same as in ProcessTree

 private:
  void add_channel(const std::string& what, const std::string& device, const char* quantity, Kind kind, Unit unit,
                   double scale);
  void read_all(Sink& out);
  bool grow(const std::optional<std::int64_t>& own, bool others);
  void read_memory(Sink& out, std::uint32_t first, Instant now);
  std::optional<std::int64_t> all_memory() const;

  const Clock* clock_;
  Host host_;
  std::unique_ptr<ConsumerUse> use_;
  MachineTime machine_;
  Descriptor meminfo_;
  PackageSplit split_;
  ThreadPlaces places_;
  std::optional<WorkMeter> work_;
  std::shared_ptr<ConsumerPids> pids_ = std::make_shared<ConsumerPids>();
  std::vector<Channel> channels_;
  bool has_sums_ = false, has_memory_ = false, has_consumers_ = false, needs_pids_ = false;
  mutable std::mutex mutex_;  // guards all below: the sampler's thread uses it, and the one that stops the tracker
  std::vector<double> own_ns_, by_package_;  // hold the time so far, and that of the last interval
  std::vector<std::int64_t> last_all_ns_;
  std::optional<Instant> last_read_;
  std::optional<std::int64_t> last_own_ns_;
  std::optional<std::int64_t> all_memory_;
  std::optional<std::size_t> fellows_;
  Instant next_{}, next_fellows_{};
};

}  // namespace impact
