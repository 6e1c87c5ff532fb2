#pragma once
// Measures the CPU time that the whole machine has worked, by package: a consumer's share is its own time over this.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "impact/host/file.hpp"
#include "impact/host/host.hpp"

namespace impact {

// Says which package each CPU belongs to, by CPU number, and which packages there are.
struct CpuMap {
  std::map<unsigned, unsigned> package_of;
  std::map<unsigned, unsigned> core_of;  // the core is named by its lowest CPU number; empty where sysfs does not tell
  std::vector<unsigned> packages;        // sorted; {0} where sysfs does not tell
  std::size_t cpus_of(unsigned package) const;
};

// Adds up the ticks (1/100 s) of user, nice, system, irq and softirq in one line of /proc/stat ("cpu  …", "cpu12 …"), and
// puts the line's name into `name`. Time that a hypervisor took away is not used by anybody here. It returns nullopt for
// any other text.
std::optional<std::uint64_t> busy_ticks(std::string_view line, std::string_view& name) noexcept;

class MachineTime {
 public:
  // Error: /proc/stat cannot be read, or shows a container in place of the machine (lxcfs).
  static Result<MachineTime> open(const Host& host, CpuMap cpus);
  // Returns nanoseconds by package, in the order of CpuMap::packages; they are valid until the next call and never go
  // back. A CPU that is switched off takes none of them along, and one that is switched on adds what it works from then
  // on. It returns nullptr where they cannot be read.
  const std::vector<std::int64_t>* busy_ns();
  // From now on busy_ns() notes each CPU's time too.
  void note_cpus();
  const std::map<unsigned, std::int64_t>& by_cpu() const noexcept { return by_cpu_; }
  const CpuMap& cpus() const noexcept { return cpus_; }

 private:
  MachineTime(const Host& host, Descriptor stat, CpuMap cpus)
      : host_(host), stat_(std::move(stat)), cpus_(std::move(cpus)) {}
  void note_line(unsigned cpu, std::int64_t busy_ns);
  std::optional<unsigned> package_of(unsigned cpu);

  Host host_;
  Descriptor stat_;
  CpuMap cpus_;
  bool all_lines_ = false;
  bool has_looked_ = false;  // is true once a look has noted each CPU's time
  std::vector<std::int64_t> last_;
  std::map<unsigned, std::int64_t> by_cpu_;
  std::string buffer_;
};

}  // namespace impact
