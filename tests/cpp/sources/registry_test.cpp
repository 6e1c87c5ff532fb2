#include "impact/sources/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cpp/sources/fake_root.hpp"

namespace impact::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const Probe& probe_of(const std::vector<Probe>& probes, std::string_view name) {
  const auto it = std::ranges::find_if(probes, [&](const Probe& p) { return p.entry.name == name; });
  if (it == probes.end()) throw std::runtime_error("not probed: " + std::string(name));
  return *it;
}

TEST(Registry, NamesAreUniqueAndDescribed) {
  std::vector<std::string_view> names;
  for (const SourceEntry& entry : source_entries()) {
    names.push_back(entry.name);
    EXPECT_FALSE(entry.what.empty());
    EXPECT_NE(entry.open, nullptr);
  }
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

TEST(Registry, EveryProbeOpensOrSaysWhy) {
  FakeRoot root;  // an empty machine
  const std::vector<Probe> probes = open_sources(root.host());
  EXPECT_EQ(probes.size(), source_entries().size());
  for (const Probe& probe : probes) {
    EXPECT_EQ(probe.source, nullptr) << probe.entry.name;
    EXPECT_FALSE(probe.error.what.empty()) << probe.entry.name;
  }
}

TEST(Registry, EveryKindOfSensorHasItsReader) {
  for (const char* kind : {"rapl", "perf", "msr", "nvml", "ipmi", "redfish", "hwmon", "jetson", "battery", "cray",
                           "amdsmi", "hsmp", "kwollect", "prometheus", "scmi", "apple", "service"}) {
    EXPECT_TRUE(std::ranges::any_of(source_entries(), [&](const SourceEntry& e) {
      return e.name.find(kind) != std::string_view::npos;
    })) << kind;
  }
}

TEST(Registry, WhatMustBeToldWhereToLookSaysHow) {
  FakeRoot root;
  const std::vector<Probe> probes = open_sources(root.host());
  for (const char* name : {"redfish", "kwollect", "prometheus", "ipmi_lan"}) {
    EXPECT_EQ(probe_of(probes, name).error.kind, ErrorKind::misconfigured) << name;
    EXPECT_THAT(probe_of(probes, name).error.advice, HasSubstr("IMPACT_TRACKER_")) << name;
  }
}

TEST(Registry, ACardWithoutADriverIsMended) {
  FakeRoot root;
  root.write("/sys/bus/pci/devices/0000:65:00.0/class", "0x030200\n");
  root.write("/sys/bus/pci/devices/0000:65:00.0/vendor", "0x10de\n");
  EXPECT_THAT(probe_of(open_sources(root.host()), "nvml").error.advice, HasSubstr("nvidia-driver"));
}

TEST(Registry, TakesNamesAndGroups) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-0", 5);
  const std::vector<std::string> name{"rapl_powercap"}, group{"rapl"};
  const std::vector<Probe> by_name = open_sources(root.host(), name);
  ASSERT_EQ(by_name.size(), 1U);
  EXPECT_NE(by_name[0].source, nullptr);
  for (const Probe& probe : open_sources(root.host(), group)) EXPECT_EQ(probe.entry.group, "rapl");
}

TEST(Registry, ChannelsNameTheirSource) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-0", 5);
  root.write("/proc/stat", "cpu  1 2 3 4 5 6 7 8\ncpu0 1\n");
  root.write("/proc/meminfo", "MemTotal: 1000 kB\n");
  const std::vector<Probe> probes = open_sources(root.host());
  EXPECT_NE(probe_of(probes, "rapl_powercap").source, nullptr);
  EXPECT_NE(probe_of(probes, "cpu_model").source, nullptr);
  for (const Probe& probe : probes) {
    if (!probe.source) continue;
    for (const Channel& c : probe.source->channels()) EXPECT_EQ(c.source, probe.entry.name);
  }
}

std::vector<std::string> rapl_on(std::string_view machine) {
  const Host host{std::filesystem::path(IMPACT_TEST_DATA) / "machines" / machine};
  const std::vector<std::string> group{"rapl"};
  for (const Probe& probe : open_sources(host, group)) {
    if (probe.source) return ids(*probe.source);
  }
  return {};
}

TEST(Registry, KnownMachinesCountEachWattOnce) {
  EXPECT_THAT(rapl_on("intel-server-2s"),
              UnorderedElementsAre("rapl/package-0", "rapl/dram-0", "rapl/package-1", "rapl/dram-1", "rapl/psys"));
  EXPECT_THAT(rapl_on("intel-laptop"),
              UnorderedElementsAre("rapl/package-0", "rapl/core-0", "rapl/uncore-0", "rapl/psys"));
  EXPECT_THAT(rapl_on("amd-epyc-4die"), UnorderedElementsAre("rapl/package-0"));
  EXPECT_THAT(rapl_on("vm-no-sensors"), IsEmpty());
  EXPECT_THAT(rapl_on("vm-psys-zero"), IsEmpty());
}

TEST(Registry, UnknownNamesThrowWithNearOnes) {
  FakeRoot root;
  const auto message = [&](std::string name) -> std::string {
    const std::vector<std::string> wanted{std::move(name)};
    try {
      open_sources(root.host(), wanted);
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_THAT(message("rapl_powrcap"), HasSubstr("did you mean rapl_powercap"));
  EXPECT_THAT(message("powercap"), HasSubstr("rapl_powercap"));
  EXPECT_THAT(message("ram-model"), HasSubstr("ram_model"));
  EXPECT_THAT(message("zzzzzzzzzzzz"), HasSubstr("there are"));
  EXPECT_NE(message(""), "");
}

}  // namespace
}  // namespace impact::test
