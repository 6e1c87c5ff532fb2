#include "impact/sources/domain_tree.hpp"
#include "impact/sources/pci_gpus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "cpp/sources/fake_root.hpp"

namespace impact::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Channel energy(std::string id, std::string source, std::string device, Domain domain) {
  Channel c;
  c.id = std::move(id);
  c.source = std::move(source);
  c.device = std::move(device);
  c.domain = domain;
  return c;
}

Channel power(std::string id, std::string source, std::string device, Domain domain) {
  Channel c = energy(std::move(id), std::move(source), std::move(device), domain);
  c.kind = Kind::gauge;
  c.unit = Unit::watt;
  c.quantity = "power";
  return c;
}

Channel cpu_model() { return energy("cpu_model/package", "cpu_model", "cpu", Domain::package); }
Channel ram_model() { return energy("ram_model/dram", "ram_model", "memory", Domain::dram); }
Channel package(unsigned k) {
  return energy("rapl/package-" + std::to_string(k), "rapl_perf", "cpu:" + std::to_string(k), Domain::package);
}
Channel dram(unsigned k) {
  return energy("rapl/dram-" + std::to_string(k), "rapl_perf", "memory:" + std::to_string(k), Domain::dram);
}

std::vector<std::string> total_ids(std::span<const Channel> channels, const Cover& cover) {
  std::vector<std::string> names;
  for (const std::uint32_t i : cover.total) names.push_back(channels[i].id);
  return names;
}

TEST(DomainTree, ServerIsPackagesDramAndGpus) {
  Channel gauge = power("nvml/g/power", "nvml", "gpu:GPU-a", Domain::gpu);
  Channel use = power("nvml/g/utilisation", "nvml_state", "gpu:GPU-a", Domain::other);
  use.unit = Unit::ratio;
  use.quantity = "utilisation";
  const std::vector<Channel> channels{package(0),
                                      dram(0),
                                      package(1),
                                      dram(1),
                                      energy("rapl/core-0", "rapl_perf", "cpu:0", Domain::core),
                                      energy("nvml/g/energy", "nvml", "gpu:GPU-a", Domain::gpu),
                                      gauge,
                                      use,
                                      cpu_model(),
                                      ram_model()};
  const Cover cover = find_cover(channels);
  EXPECT_THAT(total_ids(channels, cover),
              ElementsAre("rapl/package-0", "rapl/dram-0", "rapl/package-1", "rapl/dram-1", "nvml/g/energy"));
  EXPECT_EQ(cover.parts[4].role, Role::inside);
  EXPECT_EQ(cover.parts[4].of, 0U);
  EXPECT_EQ(cover.parts[6].role, Role::duplicate);
  EXPECT_EQ(cover.parts[6].of, 5U);
  EXPECT_EQ(cover.parts[7].role, Role::state);
  EXPECT_EQ(cover.parts[8].role, Role::model_unused);
  EXPECT_EQ(cover.parts[9].role, Role::model_unused);
  EXPECT_FALSE(cover.partial());
}

TEST(DomainTree, ModelsFillWhatNoSensorCovers) {
  const std::vector<Channel> channels{package(0), cpu_model(), ram_model()};
  const Cover cover = find_cover(channels);
  EXPECT_THAT(total_ids(channels, cover), ElementsAre("rapl/package-0", "ram_model/dram"));
  const std::vector<Channel> models{cpu_model(), ram_model()};
  EXPECT_THAT(total_ids(models, find_cover(models)), ElementsAre("cpu_model/package", "ram_model/dram"));
  EXPECT_FALSE(find_cover(models).partial());
}

TEST(DomainTree, PsysIsApartUnlessAskedFor) {
  const std::vector<Channel> channels{package(0),
                                      energy("rapl/psys", "rapl_perf", "node", Domain::psys),
                                      energy("rapl/core-0", "rapl_perf", "cpu:0", Domain::core),
                                      cpu_model(),
                                      ram_model(),
                                      energy("nvml/g/energy", "nvml", "gpu:GPU-a", Domain::gpu)};
  const Cover cover = find_cover(channels);
  EXPECT_EQ(cover.parts[1].role, Role::apart);
  EXPECT_THAT(total_ids(channels, cover), ElementsAre("rapl/package-0", "ram_model/dram", "nvml/g/energy"));
  const Cover with = find_cover(channels, {.include_psys = true});
  EXPECT_THAT(total_ids(channels, with), ElementsAre("rapl/psys", "nvml/g/energy"));
  EXPECT_EQ(with.parts[0].role, Role::inside);
  EXPECT_EQ(with.parts[2].role, Role::inside);
  EXPECT_EQ(with.parts[4].role, Role::model_unused);
  EXPECT_FALSE(with.partial());
}

TEST(DomainTree, WallIsApart) {
  const std::vector<Channel> channels{package(0), dram(0), power("ipmi/power", "ipmi", "node", Domain::wall)};
  const Cover cover = find_cover(channels);
  EXPECT_EQ(cover.parts[2].role, Role::apart);
  EXPECT_THAT(total_ids(channels, cover), ElementsAre("rapl/package-0", "rapl/dram-0"));
}

TEST(DomainTree, ModuleStandsForItsParts) {
  const std::vector<Channel> channels{
      power("hwmon/module", "hwmon", "module:0", Domain::module), power("hwmon/cpu", "hwmon", "cpu:0", Domain::package),
      energy("nvml/g/energy", "nvml", "gpu:GPU-a", Domain::gpu), cpu_model(), ram_model()};
  const Cover cover = find_cover(channels);
  EXPECT_THAT(total_ids(channels, cover), ElementsAre("hwmon/module"));
  EXPECT_EQ(cover.parts[2].role, Role::inside);
  EXPECT_EQ(cover.parts[4].role, Role::model_unused);
  EXPECT_FALSE(cover.partial());
}

// A board of four modules of which one cannot be read: three modules are not the machine.
TEST(DomainTree, WhereAModuleIsSilentThePartsOfAllCount) {
  const auto grace = [](unsigned k) {
    return power("hwmon/grace-" + std::to_string(k), "hwmon_board", "cpu+memory:" + std::to_string(k), Domain::package);
  };
  const auto gpu = [](unsigned k) {
    return energy("nvml/" + std::to_string(k), "nvml", "gpu:GPU-" + std::to_string(k), Domain::gpu);
  };
  for (unsigned silent = 0; silent <= 4; ++silent) {  // 4: none
    std::vector<Channel> channels;
    for (unsigned k = 0; k < 4; ++k) {
      channels.push_back(grace(k));
      channels.push_back(gpu(k));
      if (k != silent)
        channels.push_back(
            power("hwmon/module-" + std::to_string(k), "hwmon_board", "module:" + std::to_string(k), Domain::module));
    }
    const std::vector<std::string> present{"cpu:0", "cpu:1", "cpu:2", "cpu:3", "memory"};
    const Cover cover = find_cover(channels, {.present = present});
    EXPECT_FALSE(cover.partial());
    EXPECT_EQ(cover.total.size(), silent == 4 ? 4U : 8U);
    for (const std::uint32_t c : cover.total) EXPECT_EQ(channels[c].domain == Domain::module, silent == 4);
  }
}

TEST(DomainTree, TheMemoryOfASecondSocketWithoutASensorIsNamed) {
  const std::vector<std::string> present{"cpu:0", "cpu:1", "memory"};
  const std::vector<Channel> one{package(0), dram(0), package(1), ram_model()};
  EXPECT_THAT(find_cover(one, {.present = present}).missing, ElementsAre("memory:1"));
  const std::vector<Channel> both{package(0), dram(0), package(1), dram(1)};
  EXPECT_THAT(find_cover(both, {.present = present}).missing, IsEmpty());
  const std::vector<Channel> all_together{package(0), package(1),
                                          energy("cray/memory/energy", "cray", "memory", Domain::dram)};
  EXPECT_THAT(find_cover(all_together, {.present = present}).missing, IsEmpty());
}

TEST(DomainTree, DiesAddUpAndOtherSourcesOfThemDoNot) {
  const std::vector<Channel> channels{energy("rapl/package-0-die-0", "rapl_perf", "cpu:0", Domain::package),
                                      energy("rapl/package-0-die-1", "rapl_perf", "cpu:0", Domain::package),
                                      energy("hwmon/amd", "hwmon", "cpu:0", Domain::package), ram_model()};
  const Cover cover = find_cover(channels);
  EXPECT_THAT(total_ids(channels, cover),
              ElementsAre("rapl/package-0-die-0", "rapl/package-0-die-1", "ram_model/dram"));
  EXPECT_EQ(cover.parts[2].role, Role::duplicate);
}

TEST(DomainTree, WhatNothingCoversIsNamed) {
  EXPECT_THAT(find_cover({}).missing, ElementsAre("cpu", "memory"));
  EXPECT_TRUE(find_cover({}).total.empty());
  const std::vector<std::string> present{"cpu:0", "cpu:1", "memory"};
  const std::vector<Channel> channels{package(0), cpu_model(), ram_model()};
  EXPECT_THAT(find_cover(channels, {.present = present}).missing, ElementsAre("cpu:1"));
  const std::vector<Channel> models{cpu_model(), ram_model()};
  EXPECT_THAT(find_cover(models, {.present = present}).missing, IsEmpty());
}

TEST(DomainTree, AGpuWithoutEnergyIsNamed) {
  Channel use = power("u", "nvml_state", "gpu:GPU-b", Domain::other);
  use.unit = Unit::ratio;
  const std::vector<Channel> channels{package(0), dram(0), use};
  EXPECT_THAT(find_cover(channels).missing, ElementsAre("gpu:GPU-b"));
  const std::vector<std::string> present{"gpu:pci-0000:65:00.0", "gpu:pci-0000:66:00.0"};
  const std::vector<Channel> none{package(0), dram(0)};
  EXPECT_THAT(find_cover(none, {.present = present}).missing,
              ElementsAre("gpu:pci-0000:65:00.0", "gpu:pci-0000:66:00.0"));
  const std::vector<Channel> one{package(0), dram(0), energy("e", "nvml", "gpu:GPU-a", Domain::gpu)};
  EXPECT_THAT(find_cover(one, {.present = present}).missing, ElementsAre("gpu (1 of 2 on the bus)"));
}

TEST(DomainTree, CoresAloneAreALowerBoundThatSaysSo) {
  const std::vector<Channel> channels{energy("rapl/core-0", "rapl_perf", "cpu:0", Domain::core), dram(0)};
  const Cover cover = find_cover(channels);
  EXPECT_THAT(total_ids(channels, cover), ElementsAre("rapl/core-0", "rapl/dram-0"));
  EXPECT_THAT(cover.missing, ElementsAre("cpu"));
}

TEST(DomainTree, FindsContradictions) {
  const std::vector<Channel> channels{package(0), energy("rapl/core-0", "rapl_perf", "cpu:0", Domain::core),
                                      energy("rapl/psys", "rapl_perf", "node", Domain::psys),
                                      power("ipmi/power", "ipmi", "node", Domain::wall), dram(0)};
  const Cover cover = find_cover(channels);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto findings = [&](std::vector<double> e) { return find_contradictions(channels, cover, e); };
  EXPECT_THAT(findings({100, 60, 150, 200, 20}), IsEmpty());
  EXPECT_THAT(findings({100, 101, 150, 200, 20}), IsEmpty());
  EXPECT_THAT(findings({100, 130, 150, 200, 20}), ElementsAre(HasSubstr("its core used 130.0 J")));
  EXPECT_THAT(findings({100, 60, 0, 200, 20}), ElementsAre(HasSubstr("psys")));
  EXPECT_THAT(findings({100, 60, 150, 80, 20}), ElementsAre(HasSubstr("ipmi/power")));
  EXPECT_THAT(findings({nan, 130, nan, nan, 20}), IsEmpty());
}

TEST(DomainTree, TwoSensorsOfOneThingThatDifferAreAFinding) {
  const std::vector<Channel> channels{energy("nvml/g/energy", "nvml", "gpu:GPU-a", Domain::gpu),
                                      power("nvml/g/power_average", "nvml_state", "gpu:GPU-a", Domain::gpu)};
  const Cover cover = find_cover(channels);
  EXPECT_THAT(find_contradictions(channels, cover, std::vector<double>{1000, 950}), IsEmpty());
  EXPECT_THAT(find_contradictions(channels, cover, std::vector<double>{1000, 1740}),
              ElementsAre(HasSubstr("1740.0 J")));
  EXPECT_THAT(find_contradictions(channels, cover, std::vector<double>{3, 6}), IsEmpty());
}

TEST(DomainTree, APowerThatStatesItsAliasingIsNoContradiction) {
  std::vector<Channel> channels{energy("nvml/g/energy", "nvml", "gpu:GPU-a", Domain::gpu),
                                power("nvml/g/power", "nvml_power", "gpu:GPU-a", Domain::gpu)};
  channels[0].relative_error = 0.05;
  channels[1].relative_error = 0.05 + 0.375;
  const Cover cover = find_cover(channels);
  EXPECT_THAT(find_contradictions(channels, cover, std::vector<double>{1000, 620}), IsEmpty());
  EXPECT_THAT(find_contradictions(channels, cover, std::vector<double>{1000, 400}), ElementsAre(HasSubstr("400.0 J")));
}

TEST(DomainTree, TwoMetersOfTheWallAreOneWall) {
  std::vector<Channel> channels{package(0), dram(0),
                                power("kwollect/wattmetre/power", "kwollect", "node", Domain::wall),
                                power("kwollect/bmc/power", "kwollect", "node", Domain::wall),
                                energy("ipmi_xcc/node/energy", "ipmi_xcc", "node", Domain::wall)};
  const Cover cover = find_cover(channels);
  EXPECT_EQ(cover.parts[2].role, Role::duplicate);
  EXPECT_EQ(cover.parts[3].role, Role::duplicate);
  EXPECT_EQ(cover.parts[4].role, Role::apart);  // a counter is better than power
  channels.pop_back();
  EXPECT_EQ(find_cover(channels).parts[2].role, Role::apart);
  EXPECT_EQ(find_cover(channels).parts[3].role, Role::duplicate);
}

TEST(DomainTree, PartsAboveTheirModule) {
  const std::vector<Channel> channels{power("hwmon/module", "hwmon_board", "module:0", Domain::module),
                                      power("hwmon/cpu", "hwmon_board", "cpu+memory:0", Domain::package),
                                      energy("nvml/g/energy", "nvml", "gpu:GPU-a", Domain::gpu)};
  const Cover cover = find_cover(channels);
  EXPECT_THAT(find_contradictions(channels, cover, std::vector<double>{1000, 300, 690}), IsEmpty());
  EXPECT_THAT(find_contradictions(channels, cover, std::vector<double>{1000, 300, 900}),
              ElementsAre(HasSubstr("more than the modules")));
}

TEST(MachineComponents, ListsPackagesMemoryAndGpusOnTheBus) {
  FakeRoot root;
  root.online("0-1");
  root.cpu(0, 0);
  root.cpu(1, 1);
  root.write("/sys/bus/pci/devices/0000:65:00.0/class", "0x030200\n");
  root.write("/sys/bus/pci/devices/0000:65:00.0/vendor", "0x10de\n");
  root.write("/sys/bus/pci/devices/0000:65:00.1/class", "0x040300\n");  // its audio function
  root.write("/sys/bus/pci/devices/0000:65:00.1/vendor", "0x10de\n");
  root.write("/sys/bus/pci/devices/0000:00:02.0/class", "0x030000\n");  // processor graphics
  root.write("/sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086\n");
  EXPECT_THAT(machine_components(root.host()), ElementsAre("cpu:0", "cpu:1", "memory", "gpu:pci-0000:65:00.0"));
}

TEST(MachineComponents, ACardWithoutAPlaceOnTheBusIsOneToo) {
  FakeRoot wsl;
  wsl.write("/dev/dxg", "");
  EXPECT_THAT(gpu_components(wsl.host()), ElementsAre("gpu:dxg"));
  EXPECT_THAT(nvidia_gpus(wsl.host()), IsEmpty());  // it may be any maker's
  wsl.write("/usr/lib/wsl/lib/libnvidia-ml.so.1", "");
  EXPECT_THAT(nvidia_gpus(wsl.host()), ElementsAre("gpu:dxg"));
  EXPECT_THAT(machine_components(wsl.host()), ElementsAre("cpu", "memory", "gpu:dxg"));
  const std::vector<std::string> present = machine_components(wsl.host());
  EXPECT_THAT(find_cover({{package(0), dram(0)}}, {.present = present}).missing, ElementsAre("gpu:dxg"));
  EXPECT_THAT(
      find_cover({{package(0), dram(0), energy("e", "nvml", "gpu:GPU-a", Domain::gpu)}}, {.present = present}).missing,
      IsEmpty());
  FakeRoot files;  // a container that shows device files and no bus
  for (const char* name : {"nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"})
    files.write(std::string("/dev/") + name, "");
  EXPECT_THAT(gpu_components(files.host()), UnorderedElementsAre("gpu:nvidia0", "gpu:nvidia1"));
  const std::vector<std::string> two{"gpu:nvidia0", "gpu:nvidia1"};
  EXPECT_THAT(
      find_cover({{package(0), dram(0), energy("e", "nvml", "gpu:GPU-a", Domain::gpu)}}, {.present = two}).missing,
      ElementsAre("gpu (1 of 2 on the bus)"));
  FakeRoot driver;  // the driver knows more than a masked bus
  driver.write("/proc/driver/nvidia/gpus/0000:17:00.0/information", "");
  driver.write("/dev/nvidia0", "");
  EXPECT_THAT(gpu_components(driver.host()), ElementsAre("gpu:pci-0000:17:00.0"));
}

}  // namespace
}  // namespace impact::test
