// Battery, Jetson, Cray: trees of text files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpp/sources/fake_root.hpp"
#include "impact/sources/domain_tree.hpp"

namespace impact {
OpenedSource open_battery(const Host&);
OpenedSource open_jetson(const Host&);
OpenedSource open_cray(const Host&);
}  // namespace impact

namespace impact::test {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

void battery(const FakeRoot& root, const std::string& name, std::string_view status) {
  root.write("/sys/class/power_supply/" + name + "/type", "Battery\n");
  root.write("/sys/class/power_supply/" + name + "/status", std::string(status) + "\n");
}

TEST(Battery, OnlyWhileItDischarges) {
  FakeRoot root;
  root.write("/sys/class/power_supply/AC/type", "Mains\n");
  battery(root, "BAT0", "Discharging");
  root.write("/sys/class/power_supply/BAT0/power_now", "9500000\n");
  root.write("/sys/class/power_supply/hidpp_battery_0/type", "Battery\n");  // a mouse
  root.write("/sys/class/power_supply/hidpp_battery_0/scope", "Device\n");
  const auto source = open(open_battery(root.host()));
  EXPECT_EQ(read_one(*source, "battery/power").count, 9'500'000);
  EXPECT_EQ(source->channels()[0].domain, Domain::wall);
  EXPECT_FALSE(is_fast(*source));
  for (const char* status : {"Charging", "Full", "Unknown", "Not charging", ""}) {
    battery(root, "BAT0", status);
    EXPECT_EQ(read_one(*source, "battery/power").quality, Quality::missing) << status;
  }
}

TEST(Battery, CurrentTimesVoltageAndItsSign) {
  FakeRoot root;
  battery(root, "BAT0", "Discharging");
  root.write("/sys/class/power_supply/BAT0/current_now", "-1250000\n");
  root.write("/sys/class/power_supply/BAT0/voltage_now", "7600000\n");
  battery(root, "BAT1", "Not charging");
  root.write("/sys/class/power_supply/BAT1/power_now", "0\n");
  const auto source = open(open_battery(root.host()));
  EXPECT_EQ(read_one(*source, "battery/power").count, 9'500'000);
  root.write("/sys/class/power_supply/BAT0/voltage_now", "0\n");
  EXPECT_EQ(read_one(*source, "battery/power").quality, Quality::missing);
  root.write("/sys/class/power_supply/BAT0/voltage_now", "junk\n");
  EXPECT_EQ(read_one(*source, "battery/power").quality, Quality::missing);
}

TEST(Battery, TheLaptopOfTheTestMachines) {
  const Host host{std::filesystem::path(IMPACT_TEST_DATA) / "machines" / "intel-laptop"};
  EXPECT_EQ(read_one(*open(open_battery(host)), "battery/power").count, 9'500'000);
  FakeRoot root;
  EXPECT_EQ(open_battery(root.host()).error().kind, ErrorKind::absent);
}

void rail(const FakeRoot& root, int n, std::string_view label, int ma, int mv) {
  const std::string base = "/sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon3/";
  const std::string k = std::to_string(n);
  root.write(base + "in" + k + "_label", std::string(label) + "\n");
  root.write(base + "curr" + k + "_input", std::to_string(ma) + "\n");
  root.write(base + "in" + k + "_input", std::to_string(mv) + "\n");
}

TEST(Jetson, TheInputIsTheTotal) {
  FakeRoot root;
  rail(root, 1, "VDD_IN", 1200, 5000);
  rail(root, 2, "VDD_CPU_GPU_CV", 600, 5000);
  rail(root, 3, "VDD_SOC", 300, 5000);
  const auto source = open(open_jetson(root.host()));
  EXPECT_EQ(read_one(*source, "jetson/vdd-in/power").count, 6'000'000);
  const std::vector<Channel> channels(source->channels().begin(), source->channels().end());
  const Cover cover = find_cover(channels);
  EXPECT_THAT(cover.total, ElementsAre(0U));
  EXPECT_FALSE(cover.partial());
  EXPECT_FALSE(is_fast(*source));
}

TEST(Jetson, RailsThatMakeUpAnAgxOrin) {
  FakeRoot root;
  rail(root, 1, "VDD_GPU_SOC", 1000, 5000);
  rail(root, 2, "VDD_CPU_CV", 1000, 5000);
  rail(root, 3, "VIN_SYS_5V0", 1000, 5000);
  const auto source = open(open_jetson(root.host()));
  const std::vector<Channel> channels(source->channels().begin(), source->channels().end());
  EXPECT_EQ(find_cover(channels).total.size(), 3U);
}

TEST(Jetson, TheOlderDriver) {
  FakeRoot root;
  const std::string base = "/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/";
  root.write(base + "rail_name_0", "POM_5V_IN\n");
  root.write(base + "in_power0_input", "4200\n");
  root.write(base + "rail_name_1", "POM_5V_GPU\n");
  root.write(base + "in_power1_input", "900\n");
  const auto source = open(open_jetson(root.host()));
  const Reading r = read_one(*source, "jetson/pom-5v-in/power");
  EXPECT_DOUBLE_EQ(static_cast<double>(r.count) * channel_of(*source, "jetson/pom-5v-in/power").scale, 4.2);
  EXPECT_EQ(channel_of(*source, "jetson/pom-5v-gpu/power").domain, Domain::other);
}

TEST(Jetson, UnknownRailsStandApart) {
  FakeRoot root;
  rail(root, 1, "VDD_MYSTERY", 1000, 5000);
  const auto source = open(open_jetson(root.host()));
  EXPECT_EQ(source->channels()[0].domain, Domain::board);
  FakeRoot other;
  EXPECT_EQ(open_jetson(other.host()).error().kind, ErrorKind::absent);
}

void pm(const FakeRoot& root, const std::string& name, std::string_view text) {
  root.write("/sys/cray/pm_counters/" + name, std::string(text) + "\n");
}

TEST(Cray, NodeIsApartItsPartsAddUp) {
  FakeRoot root;
  pm(root, "freshness", "17");
  pm(root, "energy", "90210 J 1445000000000 us");
  pm(root, "cpu_energy", "40000 J");
  pm(root, "memory_energy", "9000 J 5 us");
  pm(root, "accel0_energy", "20000 J");
  const auto source = open(open_cray(root.host()));
  EXPECT_EQ(read_one(*source, "cray/node/energy").count, 90'210);
  EXPECT_EQ(read_one(*source, "cray/memory/energy").count, 9'000);
  std::vector<Channel> channels(source->channels().begin(), source->channels().end());
  EXPECT_THAT(find_cover(channels).total, ElementsAre(1U, 2U, 3U));
  const std::vector<std::string> present{"cpu:0", "cpu:1", "memory"};
  EXPECT_FALSE(find_cover(channels, {.present = present}).partial());

  Channel package = channels[1], gpu = channels[3];
  package.device = "cpu:0";
  gpu.device = "gpu:GPU-a";
  channels.push_back(package);
  channels.push_back(gpu);
  EXPECT_THAT(find_cover(channels).total, ElementsAre(2U, 4U, 5U));  // their own sensors win
}

TEST(Cray, NonsenseIsMissing) {
  FakeRoot root;
  pm(root, "freshness", "17");
  pm(root, "energy", "90210 J");
  const auto source = open(open_cray(root.host()));
  for (const char* text : {"", "-5 J", "12 W", "12", "12 Joe", "nan J", "99999999999999999999 J"}) {
    pm(root, "energy", text);
    EXPECT_EQ(read_one(*source, "cray/node/energy").quality, Quality::missing) << text;
  }
  FakeRoot other;
  EXPECT_EQ(open_cray(other.host()).error().kind, ErrorKind::absent);
}

}  // namespace
}  // namespace impact::test
