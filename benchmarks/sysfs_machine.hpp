#pragma once
// A machine whose four counters cost what sysfs costs: links to a file of sysfs in a folder of the caller's.

#include <sys/resource.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "fakes/scratch.hpp"
#include "impact/tracker/tracker.hpp"

namespace impact::bench {

namespace fs = std::filesystem;

inline constexpr const char* kSysfsCounter = "/sys/class/net/lo/statistics/rx_bytes";
inline constexpr std::array kZones{"intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1", "intel-rapl:1:0"};

inline double now_s() { return seconds(Duration{nanoseconds(system_clock().now())}); }

inline double process_cpu_s() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto s = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
  return s(use.ru_utime) + s(use.ru_stime);
}

// Per cent of one core that `cpu_s` says was used in that time.
template <class CpuTime>
double cpu_percent(double length_s, CpuTime&& cpu_s) {
  const double before = cpu_s();
  const double start = now_s();
  std::this_thread::sleep_for(std::chrono::duration<double>(length_s));
  const double spent = cpu_s() - before;
  return 100 * spent / (now_s() - start);
}

inline void make_counters(const fs::path& root) {
  constexpr std::array kNames{"package-0", "dram", "package-1", "dram"};
  for (std::size_t i = 0; i < kZones.size(); ++i) {
    const fs::path zone = root / "sys/class/powercap" / kZones[i];
    fs::create_directories(zone);
    std::ofstream(zone / "name") << kNames[i] << "\n";
    std::ofstream(zone / "max_energy_range_uj") << "262143328850\n";
    // By its place among the devices, which another root directory has too.
    fs::create_symlink(fs::canonical(kSysfsCounter), zone / "energy_uj");
  }
}

inline void make_cpuinfo(const fs::path& root) {
  fs::create_directories(root / "proc");
  std::ofstream(root / "proc/cpuinfo")
      << "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz\n";
}

inline void make_machine(const fs::path& root) {
  make_counters(root);
  make_cpuinfo(root);
}

inline TrackerSettings settings_for(const fs::path& root, Duration period) {
  TrackerSettings s;
  s.logdir = (root / "log").string();
  s.interval = period;
  s.sources = {"rapl_powercap"};
  s.share.whose.scope = Scope::machine;
  return s;
}

}  // namespace impact::bench
