#include "impact/attribution/work_meter.hpp"

#include <algorithm>
#include <set>

#include "impact/attribution/core_work.hpp"

namespace impact {

std::map<unsigned, double> ThreadPlaces::by_cpu(const std::vector<int>& pids) {
  std::map<unsigned, double> grown;
  std::map<int, Thread> now;
  for (const int pid : pids) {
    for (const int thread : threads_of(host_, pid)) {
      const std::optional<ProcessStat> stat = read_thread_stat(host_, pid, thread);
      if (!stat || stat->cpu < 0) continue;
      const auto before = threads_.find(thread);
      const bool same = before != threads_.end() && before->second.started == stat->started;
      const std::uint64_t from = same ? std::min(before->second.ticks, stat->cpu_ticks) : 0;
      now[thread] = {stat->started, stat->cpu_ticks};
      if (stat->cpu_ticks > from)
        grown[static_cast<unsigned>(stat->cpu)] += static_cast<double>(stat->cpu_ticks - from);
    }
  }
  threads_ = std::move(now);
  return grown;
}

WorkMeter::WorkMeter(const CpuMap& cpus)
    : cpus_(cpus), own_(cpus.packages.size(), 0.0), all_(cpus.packages.size(), 0.0) {}

std::optional<WorkMeter> WorkMeter::open(const Host& host, const CpuMap& cpus) {
  WorkMeter meter(cpus);
  std::set<unsigned> cores;
  for (const auto& [cpu, core] : cpus.core_of) cores.insert(core);
  for (const auto& [cpu, package] : cpus.package_of) {
    auto file =
        open_for_reading(host.path("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cpufreq/scaling_cur_freq"));
    if (file && read_count(file.value())) meter.frequencies_.emplace(cpu, std::move(file).value());
  }
  if (cores.size() == cpus.core_of.size() && meter.frequencies_.empty()) return std::nullopt;
  return meter;
}

void WorkMeter::add(const std::map<unsigned, std::int64_t>& busy_ns, const std::map<unsigned, double>& own_by_cpu,
                    const std::vector<double>& own_ns, double seconds) {
  for (std::size_t p = 0; p < cpus_.packages.size() && seconds > 0.0; ++p) {
    std::vector<CpuLoad> loads;
    std::vector<double> grown;
    for (const auto& [cpu, package] : cpus_.package_of) {
      const auto now = busy_ns.find(cpu);
      const auto before = last_ns_.find(cpu);
      if (package != cpus_.packages[p] || now == busy_ns.end() || before == last_ns_.end()) continue;
      grown.push_back(static_cast<double>(std::max<std::int64_t>(now->second - before->second, 0)));
      const auto frequency = frequencies_.find(cpu);
      const auto khz = frequency == frequencies_.end() ? std::nullopt : read_count(frequency->second);
      const auto core = cpus_.core_of.find(cpu);
      loads.push_back({cpu, core == cpus_.core_of.end() ? cpu : core->second, grown.back() * 1e-9 / seconds,
                       khz ? 1e3 * static_cast<double>(*khz) : 0.0});
    }
    const std::vector<double> weights = work_weights(loads);
    double all = 0.0, work = 0.0, own = 0.0, own_work = 0.0;
    for (std::size_t i = 0; i < loads.size(); ++i) {
      all += grown[i];
      work += grown[i] * weights[i];
      const auto here = own_by_cpu.find(loads[i].cpu);
      if (here == own_by_cpu.end()) continue;
      own += here->second;
      own_work += here->second * weights[i];
    }
    // Where the consumer ran is not known: its second is worth what everybody's is.
    const double mean = all > 0.0 ? work / all : 1.0;
    own_[p] += own_ns[p] * (own > 0.0 ? own_work / own : mean);
    all_[p] += work;
  }
  last_ns_ = busy_ns;
}

}  // namespace impact
