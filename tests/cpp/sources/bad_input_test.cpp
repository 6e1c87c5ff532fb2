// Files that hold what nobody meant: never a number, never a crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpp/sources/fake_root.hpp"
#include "impact/sources/registry.hpp"

namespace impact {
OpenedSource open_battery(const Host&);
OpenedSource open_cray(const Host&);
OpenedSource open_hwmon(const Host&);
OpenedSource open_hwmon_board(const Host&);
OpenedSource open_hwmon_state(const Host&);
OpenedSource open_jetson(const Host&);
OpenedSource open_rapl_powercap(const Host&);
OpenedSource open_scmi_powercap(const Host&);
}  // namespace impact

namespace impact::test {
namespace {

using namespace std::string_literals;

// A sensor's file, what it holds in good health, and the files that make it one.
struct Sensor {
  const char* name;
  OpenedSource (*open)(const Host&);
  std::string file, good, channel;
  std::vector<std::pair<std::string, std::string>> others;
  bool may_be_negative = false;
};

const std::vector<Sensor>& sensors() {
  const std::string hwmon = "/sys/class/hwmon/hwmon0/", rail = "/sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon3/";
  const std::string zone = "/sys/class/powercap/intel-rapl:0/", bat = "/sys/class/power_supply/BAT0/";
  static const std::vector<Sensor> all{
      {"powercap",
       open_rapl_powercap,
       zone + "energy_uj",
       "123456\n",
       "rapl/package-0",
       {{zone + "name", "package-0\n"}, {zone + "max_energy_range_uj", "262143328850\n"}}},
      {"scmi",
       open_scmi_powercap,
       "/sys/class/powercap/arm-scmi:0/power_uw",
       "5000000\n",
       "scmi_powercap/soc-0/power",
       {{"/sys/class/powercap/arm-scmi:0/name", "soc\n"}}},
      {"i915",
       open_hwmon,
       hwmon + "energy1_input",
       "777\n",
       "hwmon/i915/gpu:i915/energy",
       {{hwmon + "name", "i915\n"}}},
      {"amdgpu",
       open_hwmon,
       hwmon + "power1_average",
       "65000000\n",
       "hwmon/amdgpu/gpu:amdgpu/power",
       {{hwmon + "name", "amdgpu\n"}}},
      {"meter",
       open_hwmon_board,
       hwmon + "power1_average",
       "344000000\n",
       "hwmon_board/acpi-/power",
       {{hwmon + "name", "power_meter\n"}}},
      {"temperature",
       open_hwmon_state,
       hwmon + "temp1_input",
       "54000\n",
       "hwmon_state/cpu:0/temperature",
       {{hwmon + "name", "coretemp\n"}, {hwmon + "temp1_label", "Package id 0\n"}},
       true},
      {"battery",
       open_battery,
       bat + "power_now",
       "9500000\n",
       "battery/power",
       {{bat + "type", "Battery\n"}, {bat + "status", "Discharging\n"}},
       true},  // some drivers give currents a sign
      {"jetson",
       open_jetson,
       rail + "curr1_input",
       "1200\n",
       "jetson/vdd-in/power",
       {{rail + "in1_label", "VDD_IN\n"}, {rail + "in1_input", "5000\n"}}},
      {"cray",
       open_cray,
       "/sys/cray/pm_counters/energy",
       "90210 J 5 us\n",
       "cray/node/energy",
       {{"/sys/cray/pm_counters/freshness", "17\n"}}},
  };
  return all;
}

std::vector<std::string> junk(bool negative_too) {
  std::vector<std::string> texts{"",
                                 "\n",
                                 " \n",
                                 "nan\n",
                                 "NaN J\n",
                                 "inf\n",
                                 "-nan(0x8000)\n",
                                 "1e3\n",
                                 "0x10\n",
                                 "12 34\n",
                                 "12abc\n",
                                 "12 kJ\n",
                                 "3.5\n",
                                 "+7\n",
                                 "99999999999999999999999999\n",
                                 "\xff\xfe\x31\x00\n"s,
                                 "12\0\n"s,
                                 "\xc3\x28 J\n",
                                 std::string(1U << 20U, '9'),
                                 std::string(1U << 20U, ' ')};
  if (negative_too) {
    texts.emplace_back("-5\n");
    texts.emplace_back("-5 J\n");
    texts.emplace_back("-9223372036854775808\n");
  }
  return texts;
}

TEST(BadInput, IsNoReading) {
  for (const Sensor& sensor : sensors()) {
    FakeRoot root;
    root.intel();
    for (const auto& [file, text] : sensor.others) root.write(file, text);
    root.write(sensor.file, sensor.good);
    auto opened = sensor.open(root.host());
    ASSERT_TRUE(opened.ok()) << sensor.name << ": " << opened.error().what;
    const auto source = std::move(opened).value();
    EXPECT_EQ(read_one(*source, sensor.channel).quality, source->channels()[0].quality) << sensor.name;
    for (const std::string& text : junk(!sensor.may_be_negative)) {
      root.write(sensor.file, text);
      const Reading reading = read_one(*source, sensor.channel);
      EXPECT_EQ(reading.quality, Quality::missing) << sensor.name << ": " << text.substr(0, 30) << " " << reading.count;
    }
    root.write(sensor.file, sensor.good);
    EXPECT_NE(read_one(*source, sensor.channel).quality, Quality::missing) << sensor.name << " does not come back";
  }
}

TEST(BadInput, OpensNothingOrSaysWhy) {
  for (const Sensor& sensor : sensors()) {
    for (const std::string& text : junk(true)) {
      FakeRoot root;
      root.intel();
      for (const auto& [file, good] : sensor.others) root.write(file, text);  // names, labels and ranges too
      root.write(sensor.file, text);
      for (const Probe& probe : open_sources(root.host())) {
        if (!probe.source) {
          EXPECT_FALSE(probe.error.what.empty()) << probe.entry.name;
          continue;
        }
        Sink sink;
        probe.source->read(sink);
        for (const Reading& r : sink.readings()) EXPECT_LT(r.channel, probe.source->channels().size());
      }
    }
  }
}

}  // namespace
}  // namespace impact::test
