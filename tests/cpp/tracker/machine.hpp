#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "fakes/scratch.hpp"
#include "impact/tracker/tracker.hpp"

namespace impact::test {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// A machine on disk with one RAPL package whose counter the test sets.
class Machine : public testing::Test {
 protected:
  Machine() {
    put("sys/class/powercap/intel-rapl:0/name", "package-0");
    put("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850");
    put("proc/stat", "cpu  100 0 100 1000 0 0 0 0 0 0\ncpu0 100 0 100 1000 0 0 0 0 0 0\n");
    put("proc/meminfo", "MemTotal: 1000000 kB\nMemFree: 500000 kB\nMemAvailable: 600000 kB\n");
    put("proc/cpuinfo",
        "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz\nphysical "
        "id\t: 0\n");
    energy(1'000'000'000);
  }

  void put(const std::string& file, const std::string& text) const {
    const fs::path path = dir_ / file;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text << "\n";
  }
  // Ten digits always, in place: a reader never sees half of it.
  void energy(std::uint64_t uj) const {
    const fs::path file = dir_ / "sys/class/powercap/intel-rapl:0/energy_uj";
    if (!fs::exists(file)) put("sys/class/powercap/intel-rapl:0/energy_uj", "0000000000");
    std::fstream(file, std::ios::in | std::ios::out) << std::to_string(uj) << "\n";
  }

  TrackerSettings settings() const {
    TrackerSettings s;
    s.logdir = (dir_ / "log").string();
    s.interval = 10ms;
    s.sources = {"rapl_powercap"};
    s.share.whose.scope = Scope::machine;
    return s;
  }
  Host host() const { return Host{dir_.path()}; }

  fakes::Scratch dir_;
};

}  // namespace impact::test
