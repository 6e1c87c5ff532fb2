#pragma once
// Describes the processor as /proc/cpuinfo and sysfs name it: what the RAPL readers and the CPU model have to know.

#include <string>
#include <vector>

#include "impact/host/host.hpp"

namespace impact {

enum class Vendor { intel, amd, arm, other };

struct CpuInfo {
  Vendor vendor = Vendor::other;
  unsigned family = 0;
  unsigned model = 0;
  std::string name;         // as "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz"; ARM's is the core's; empty where unknown
  bool hypervisor = false;  // is true in a guest: its CPUs are a share of a machine, and counters are as a rule absent

  // RAPL of AMD and of Intel before Haswell computes energy from activity; later Intel measures it at the regulators
  // (Hackenberg et al. 2015; Schöne et al., arXiv 2108.00808).
  bool rapl_is_modelled() const noexcept;
};

struct CpuPlace {
  unsigned cpu = 0;
  unsigned package = 0;
  unsigned die = 0;
};

// Never fails: fields that are unknown stay at their defaults.
CpuInfo read_cpu_info(const Host& host);

// The list is empty where sysfs does not tell.
std::vector<unsigned> online_cpus(const Host& host);

// Lists the online CPUs with their package and die; the list is empty where sysfs does not tell.
std::vector<CpuPlace> read_topology(const Host& host);

// Says how many packages the list has (at least 1), and whether any of them has several dies.
std::size_t count_packages(const std::vector<CpuPlace>& cpus);
bool is_multi_die(const std::vector<CpuPlace>& cpus);

}  // namespace impact
