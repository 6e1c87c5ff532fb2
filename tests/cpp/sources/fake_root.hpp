#pragma once
// A machine made of files in a temporary directory, with a clock that the test moves; gone when the object ends.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "fakes/scratch.hpp"
#include "impact/sources/source.hpp"

namespace impact::test {

class ManualClock final : public Clock {
 public:
  Instant now() const noexcept override { return instant(now_ns); }
  std::int64_t utc_ns() const noexcept override { return now_ns; }
  mutable std::int64_t now_ns = 0;
};

class FakeRoot {
 public:
  std::filesystem::path path(std::string_view absolute) const { return host().path(absolute); }

  // Rewrites in place, so that descriptors kept open see it.
  void write(std::string_view absolute, std::string_view text) const {
    const std::filesystem::path file = path(absolute);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  }
  void remove(std::string_view absolute) const { std::filesystem::remove_all(path(absolute)); }

  // `model` is that of /proc/cpuinfo's first block.
  void intel(unsigned model = 85, std::string_view name = "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz",
             std::string_view flags = "fpu vme") const {
    cpuinfo("GenuineIntel", 6, model, name, flags);
  }
  void amd(std::string_view name = "AMD EPYC 7763 64-Core Processor", std::string_view flags = "fpu") const {
    cpuinfo("AuthenticAMD", 25, 1, name, flags);
  }
  void arm(std::string_view implementer = "0x41", std::string_view part = "0xd4f", std::string_view name = "") const {
    const std::string line = name.empty() ? "" : "model name\t: " + std::string(name) + "\n";
    write("/proc/cpuinfo", "processor\t: 0\n" + line + "BogoMIPS\t: 62.50\nFeatures\t: fp asimd\nCPU implementer\t: " +
                               std::string(implementer) + "\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: " +
                               std::string(part) + "\nCPU revision\t: 1\n\nprocessor\t: 1\n");
  }
  void cpuinfo(std::string_view vendor, unsigned family, unsigned model, std::string_view name,
               std::string_view flags) const {
    write("/proc/cpuinfo", "processor\t: 0\nvendor_id\t: " + std::string(vendor) +
                               "\ncpu family\t: " + std::to_string(family) + "\nmodel\t\t: " + std::to_string(model) +
                               "\nmodel name\t: " + std::string(name) + "\nflags\t\t: " + std::string(flags) +
                               "\n\nprocessor\t: 1\n");
  }

  void cpu(unsigned number, unsigned package, unsigned die = 0) const {
    const std::string directory = "/sys/devices/system/cpu/cpu" + std::to_string(number) + "/topology/";
    write(directory + "physical_package_id", std::to_string(package) + "\n");
    write(directory + "die_id", std::to_string(die) + "\n");
  }
  void online(std::string_view list) const { write("/sys/devices/system/cpu/online", std::string(list) + "\n"); }

  // A powercap zone: "intel-rapl:0", "package-0", microjoules.
  void zone(std::string_view directory, std::string_view name, std::uint64_t energy_uj,
            std::uint64_t range_uj = 262'143'328'850) const {
    const std::string base = "/sys/class/powercap/" + std::string(directory) + "/";
    write(base + "name", std::string(name) + "\n");
    write(base + "energy_uj", std::to_string(energy_uj) + "\n");
    write(base + "max_energy_range_uj", std::to_string(range_uj) + "\n");
  }

  Host host() const { return {root_.path(), &clock}; }
  ManualClock clock;

 private:
  fakes::Scratch root_;
};

// The source; the test fails by its words where it did not open.
inline std::unique_ptr<Source> open(OpenedSource opened) {
  if (!opened) throw std::runtime_error(opened.error().what);
  return std::move(opened).value();
}

inline std::vector<std::string> ids(const Source& source) {
  std::vector<std::string> names;
  for (const Channel& c : source.channels()) names.push_back(c.id);
  return names;
}

inline const Channel& channel_of(const Source& source, std::string_view id) {
  for (const Channel& c : source.channels()) {
    if (c.id == id) return c;
  }
  throw std::runtime_error("no channel " + std::string(id));
}

// One round; the reading of that channel.
inline Reading read_one(Source& source, std::string_view id) {
  Sink sink;
  source.read(sink);
  for (const Reading& r : sink.readings()) {
    if (source.channels()[r.channel].id == id) return r;
  }
  throw std::runtime_error("no reading of " + std::string(id));
}

}  // namespace impact::test
