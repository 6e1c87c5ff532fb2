#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpp/sources/fake_root.hpp"
#include "impact/sources/domain_tree.hpp"

namespace impact {
OpenedSource open_hwmon(const Host&);
OpenedSource open_hwmon_board(const Host&);
OpenedSource open_hwmon_state(const Host&);
}  // namespace impact

namespace impact::test {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

// hwmonN of a device below /sys/devices, linked as sysfs links it.
std::string chip(const FakeRoot& root, int n, std::string_view name, std::string_view parent = "") {
  const std::string node = "/sys/class/hwmon/hwmon" + std::to_string(n) + "/";
  root.write(node + "name", std::string(name) + "\n");
  if (!parent.empty()) {
    const auto device = root.path("/sys/devices/" + std::string(parent));
    std::filesystem::create_directories(device);
    std::filesystem::create_directory_symlink(device, root.path(node + "device"));
  }
  return node;
}

TEST(Hwmon, AmdAndIntelGpusByTheirPlaceOnTheBus) {
  FakeRoot root;
  root.write(chip(root, 3, "amdgpu", "0000:03:00.0") + "power1_average", "65000000\n");
  root.write("/sys/devices/0000:03:00.0/mem_info_vram_total", "17163091968\n");
  const std::string xe = chip(root, 1, "xe", "0000:04:00.0");
  root.write(xe + "energy1_input", "5000000\n");
  root.write(xe + "energy2_input", "4000000\n");
  root.write(chip(root, 7, "i915", "0000:05:00.0") + "energy1_input", "123\n");
  const auto source = open(open_hwmon(root.host()));
  EXPECT_THAT(ids(*source), UnorderedElementsAre(
                                "hwmon/amdgpu/gpu:pci-0000:03:00.0/power", "hwmon/xe/gpu:pci-0000:04:00.0/energy",
                                "hwmon/xe/gpu:pci-0000:04:00.0/energy-chip", "hwmon/i915/gpu:pci-0000:05:00.0/energy"));
  EXPECT_EQ(read_one(*source, "hwmon/amdgpu/gpu:pci-0000:03:00.0/power").count, 65'000'000);
  const std::vector<Channel> channels(source->channels().begin(), source->channels().end());
  EXPECT_EQ(find_cover(channels).total.size(), 3U);  // the chip is inside its card
  EXPECT_EQ(channel_of(*source, "hwmon/i915/gpu:pci-0000:05:00.0/energy").kind, Kind::counter);
  for (const char* card : {"hwmon/i915/gpu:pci-0000:05:00.0/energy", "hwmon/xe/gpu:pci-0000:04:00.0/energy"}) {
    const Channel& c = channel_of(*source, card);  // read before its register has wrapped unseen
    EXPECT_GT(c.longest_pause, Duration{0});
    EXPECT_LT(c.max_power.value() * seconds(c.longest_pause), 0.5 * 0x1p32 * 0x1p-14);
  }
}

TEST(Hwmon, AGpuInsideAProcessorIsPartOfThePackage) {
  FakeRoot root;
  root.write(chip(root, 0, "amdgpu", "0000:c1:00.0") + "power1_input", "15000000\n");
  root.write("/sys/devices/0000:c1:00.0/mem_info_vram_total", "536870912\n");
  const auto source = open(open_hwmon(root.host()));
  EXPECT_EQ(source->channels()[0].domain, Domain::igpu);
  EXPECT_EQ(source->channels()[0].device, "cpu:0");
}

TEST(Hwmon, AmdEnergySocketsOnly) {
  FakeRoot root;
  const std::string node = chip(root, 0, "amd_energy", "amd_energy.0");
  root.write(node + "energy1_label", "Ecore000\n");
  root.write(node + "energy1_input", "7\n");
  root.write(node + "energy65_label", "Esocket1\n");
  root.write(node + "energy65_input", "8000000\n");
  const auto source = open(open_hwmon(root.host()));
  ASSERT_EQ(source->channels().size(), 1U);
  EXPECT_EQ(source->channels()[0].device, "cpu:1");
  EXPECT_EQ(source->channels()[0].quality, Quality::modelled);
}

TEST(Hwmon, GarbageIsMissingAndAbsurdPowerToo) {
  FakeRoot root;
  const std::string node = chip(root, 0, "amdgpu", "0000:03:00.0");
  root.write(node + "power1_average", "65000000\n");
  const auto source = open(open_hwmon(root.host()));
  for (const char* text : {"", "-1\n", "nan\n", "9999999999999\n", "65 W\n"}) {
    root.write(node + "power1_average", text);
    EXPECT_EQ(read_one(*source, source->channels()[0].id).quality, Quality::missing) << text;
  }
}

TEST(Hwmon, NothingIsAbsent) {
  FakeRoot root;
  chip(root, 0, "nvme");
  EXPECT_EQ(open_hwmon(root.host()).error().kind, ErrorKind::absent);
  EXPECT_EQ(open_hwmon_board(root.host()).error().kind, ErrorKind::absent);
  EXPECT_EQ(open_hwmon_state(root.host()).error().kind, ErrorKind::absent);
}

void grace_meter(const FakeRoot& root, int n, std::string_view label, std::string_view microwatts) {
  // The attributes hang on the device, as acpi_power_meter does it.
  root.write("/sys/class/hwmon/hwmon" + std::to_string(n) + "/device/name", "power_meter\n");
  const std::string device = "/sys/class/hwmon/hwmon" + std::to_string(n) + "/device/";
  root.write(device + "power1_oem_info", std::string(label) + "\n");
  root.write(device + "power1_average", std::string(microwatts) + "\n");
  root.write(device + "power1_average_interval", "50\n");
}

TEST(HwmonBoard, GraceHopperIsItsModules) {
  FakeRoot root;
  grace_meter(root, 0, "Module Power Socket 0", "600000000");
  grace_meter(root, 1, "Grace Power Socket 0", "200000000");
  grace_meter(root, 2, "CPU Power Socket 0", "120000000");
  grace_meter(root, 3, "SysIO Power Socket 0", "20000000");
  const auto source = open(open_hwmon_board(root.host()));
  const std::vector<Channel> channels(source->channels().begin(), source->channels().end());
  const Cover cover = find_cover(channels);
  ASSERT_EQ(cover.total.size(), 1U);
  EXPECT_EQ(channels[cover.total[0]].id, "hwmon_board/module-power-socket-0/power");
  EXPECT_FALSE(cover.partial());
  EXPECT_EQ(channels[0].window, std::chrono::milliseconds{50});
}

TEST(HwmonBoard, GraceAloneHoldsItsMemory) {
  FakeRoot root;
  grace_meter(root, 1, "Grace Power Socket 0", "200000000");
  grace_meter(root, 2, "CPU Power Socket 0", "120000000");
  const auto source = open(open_hwmon_board(root.host()));
  std::vector<Channel> channels(source->channels().begin(), source->channels().end());
  Channel model;
  model.source = "ram_model";
  model.device = "memory";
  model.domain = Domain::dram;
  channels.push_back(model);
  const std::vector<std::string> present{"cpu:0", "memory"};
  const Cover cover = find_cover(channels, {.present = present});
  EXPECT_THAT(cover.total, ElementsAre(0U));
  EXPECT_EQ(cover.parts[1].role, Role::inside);
  EXPECT_EQ(cover.parts[2].role, Role::model_unused);
  EXPECT_FALSE(cover.partial());
}

TEST(HwmonBoard, AServersMeterIsAWattmeter) {
  FakeRoot root;
  const std::string node = chip(root, 0, "power_meter", "ACPI000D:00");
  root.write(node + "power1_average", "344000000\n");
  const auto source = open(open_hwmon_board(root.host()));
  EXPECT_EQ(source->channels()[0].domain, Domain::wall);
}

TEST(HwmonBoard, VoltsTimesAmperes) {
  FakeRoot root;
  const std::string node = chip(root, 0, "ina3221", "1-0040");
  for (int n = 1; n <= 4; ++n) root.write(node + "curr" + std::to_string(n) + "_input", "1000\n");
  for (int n = 1; n <= 7; ++n) root.write(node + "in" + std::to_string(n) + "_input", "5000\n");
  root.write(node + "in1_label", "VBUS main\n");
  const auto source = open(open_hwmon_board(root.host()));
  EXPECT_THAT(ids(*source),
              ElementsAre("hwmon_board/ina3221-1-0040/vbus-main/power", "hwmon_board/ina3221-1-0040/in2/power",
                          "hwmon_board/ina3221-1-0040/in3/power"));
  EXPECT_EQ(read_one(*source, source->channels()[0].id).count, 5'000'000);
  EXPECT_EQ(source->channels()[0].domain, Domain::board);
}

TEST(HwmonState, TemperaturesAndClocks) {
  FakeRoot root;
  const std::string core = chip(root, 0, "coretemp");
  root.write(core + "temp1_label", "Package id 0\n");
  root.write(core + "temp1_input", "54000\n");
  root.write(core + "temp2_label", "Core 0\n");
  root.write(core + "temp2_input", "52000\n");
  const std::string gpu = chip(root, 1, "amdgpu", "0000:03:00.0");
  root.write(gpu + "temp1_input", "-4000\n");
  root.write(gpu + "freq1_input", "2400000000\n");
  root.online("0-1");
  root.cpu(0, 0);
  root.cpu(1, 0);
  root.write("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "3100000\n");
  const auto source = open(open_hwmon_state(root.host()));
  EXPECT_EQ(read_one(*source, "hwmon_state/cpu:0/temperature").count, 54'000);
  EXPECT_EQ(read_one(*source, "hwmon_state/gpu:pci-0000:03:00.0/temperature").count, -4'000);
  EXPECT_EQ(read_one(*source, "hwmon_state/gpu:pci-0000:03:00.0/clock").count, 2'400'000'000);
  const Reading clock = read_one(*source, "hwmon_state/cpu:0/clock");
  EXPECT_DOUBLE_EQ(static_cast<double>(clock.count) * channel_of(*source, "hwmon_state/cpu:0/clock").scale, 3.1e9);
}

TEST(HwmonState, ZonesOfASystemOnAChipAndItsGraphics) {
  FakeRoot root;
  const auto zone = [&](int n, std::string_view type, std::string_view temp) {
    const std::string base = "/sys/class/thermal/thermal_zone" + std::to_string(n) + "/";
    root.write(base + "type", std::string(type) + "\n");
    root.write(base + "temp", std::string(temp) + "\n");
  };
  zone(0, "CPU-therm", "41500");
  zone(1, "GPU-therm", "39000");
  zone(2, "cpu1-thermal", "42000");
  zone(3, "PMIC-Die", "99000");
  root.write("/sys/class/thermal/cooling_device0/type", "cpu-therm\n");
  root.write("/sys/class/drm/card0-HDMI-A-1/gt_act_freq_mhz", "1\n");
  root.write("/sys/class/drm/card0/gt_act_freq_mhz", "1150\n");
  const auto source = open(open_hwmon_state(root.host()));
  EXPECT_THAT(ids(*source), ElementsAre("hwmon_state/cpu:0/temperature", "hwmon_state/soc-gpu/temperature",
                                        "hwmon_state/igpu/clock"));
  EXPECT_EQ(read_one(*source, "hwmon_state/cpu:0/temperature").count, 41'500);
  EXPECT_EQ(read_one(*source, "hwmon_state/igpu/clock").count, 1150);
  const std::vector<Channel> channels(source->channels().begin(), source->channels().end());
  EXPECT_THAT(find_cover(channels).missing, ElementsAre("cpu", "memory"));  // graphics on the chip are no card
}

}  // namespace
}  // namespace impact::test
