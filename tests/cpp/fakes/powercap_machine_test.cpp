#include "fakes/powercap/machine.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include <nlohmann/json.hpp>

#include "fakes/powercap/layout.hpp"

namespace impact::fakes {
namespace {

using nlohmann::json;

constexpr std::int64_t kSecond = 1'000'000'000;

Machine machine_of(const char* zones) { return Machine(json{{"zones", json::parse(zones)}}); }

TEST(PowercapMachine, CountersDifferByTheCurvesIntegral) {
  const Machine machine = machine_of(R"([{"path": "intel-rapl:0", "name": "package-0", "curve": "square:20:180:50ms",
                                          "start_j": 4321, "unit_uj": 1}])");
  const Zone& zone = *machine.zones()[0];
  const Curve curve = Curve::parse("square:20:180:50ms");
  for (std::int64_t t = 0; t < 2 * kSecond; t += 37'000'000)
    EXPECT_NEAR(static_cast<double>(zone.energy_uj(t + kSecond) - zone.energy_uj(t)) * 1e-6,
                curve.energy_j(t, t + kSecond), 2e-6);
}

TEST(PowercapMachine, WrapsAtTheRangeItStates) {
  const Machine machine =
      machine_of(R"([{"path": "intel-rapl:0", "name": "package-0", "curve": "constant:100", "range_uj": 4e8}])");
  const Zone& zone = *machine.zones()[0];
  const double range = std::stod(zone.read("max_energy_range_uj", machine.epoch_ns()).text);
  EXPECT_NEAR(range, 4e8, 62);
  EXPECT_NEAR(static_cast<double>(zone.energy_uj(10 * kSecond)), 2e8, 500);
  const double step =
      static_cast<double>(zone.energy_uj(5 * kSecond)) - static_cast<double>(zone.energy_uj(3 * kSecond));
  EXPECT_NEAR(step + range, 2e8, 200);
}

TEST(PowercapMachine, StatesTheKernelsRangeByDefault) {
  const Machine machine = machine_of(R"([{"path": "intel-rapl:0", "name": "package-0", "curve": "constant:1"}])");
  EXPECT_EQ(machine.zones()[0]->read("max_energy_range_uj", 0).text, "262143328850\n");
  EXPECT_EQ(machine.zones()[0]->read("name", 0).text, "package-0\n");
}

TEST(PowercapMachine, AMirrorShowsWhatItMirrors) {
  const Machine machine = machine_of(R"([{"path": "intel-rapl:0", "name": "package-0", "curve": "constant:9"},
                                         {"path": "intel-rapl-mmio:0", "name": "package-0", "mirror_of": "intel-rapl:0"}])");
  EXPECT_EQ(machine.zones()[0]->energy_uj(77 * kSecond), machine.zones()[1]->energy_uj(77 * kSecond));
}

TEST(PowercapMachine, FaultsComeAndGo) {
  Machine machine = machine_of(
      R"([{"path": "intel-rapl:0", "name": "package-0", "curve": "constant:9", "unreadable": ["enabled"]}])");
  const Zone& zone = *machine.zones()[0];
  EXPECT_EQ(zone.read("enabled", 0).error, EIO);
  machine.control("eio intel-rapl:0 on");
  EXPECT_EQ(zone.read("energy_uj", machine.epoch_ns()).error, EIO);
  machine.control("eio * off\ndeny * on");
  EXPECT_EQ(zone.read("energy_uj", machine.epoch_ns()).error, 0);
  EXPECT_EQ(zone.open("energy_uj"), EACCES);
  EXPECT_EQ(zone.open("name"), 0);
  machine.control("deny * off\nvanish intel-rapl:0");
  EXPECT_EQ(zone.open("energy_uj"), ENOENT);
  EXPECT_EQ(zone.read("energy_uj", machine.epoch_ns()).error, ENODEV);
  machine.control("restore *\neio * for 1000");
  EXPECT_EQ(zone.read("energy_uj", machine.epoch_ns()).error, EIO);
  EXPECT_EQ(machine.control("explode *"), "explode *");
  EXPECT_TRUE(machine.control("eio intel-rapl:7 on").has_value());
}

TEST(PowercapMachine, AResetStartsAtZeroAndAFreezeHoldsStill) {
  Machine machine =
      machine_of(R"([{"path": "intel-rapl:0", "name": "package-0", "curve": "constant:100", "start_j": 5000}])");
  const Zone& zone = *machine.zones()[0];
  EXPECT_GT(zone.energy_uj(machine.now()), 4'999'000'000U);
  machine.control("reset *");
  EXPECT_LT(zone.energy_uj(machine.now()), 100'000'000U);
  machine.control("freeze * on");
  EXPECT_EQ(zone.energy_uj(machine.now() + kSecond), zone.energy_uj(machine.now() + 9 * kSecond));
}

TEST(PowercapMachine, RefusesAZoneTwiceAndAMirrorOfNothing) {
  EXPECT_THROW(
      machine_of(
          R"([{"path": "a:0", "name": "x", "curve": "constant:1"}, {"path": "a:0", "name": "x", "curve": "constant:1"}])"),
      std::invalid_argument);
  EXPECT_THROW(machine_of(R"([{"path": "a:0", "name": "x", "mirror_of": "a:1"}])"), std::invalid_argument);
}

TEST(PowercapLayout, IsTheKernels) {
  const Machine machine = machine_of(R"([{"path": "intel-rapl:0", "name": "package-0", "curve": "constant:9"},
                                         {"path": "intel-rapl:0:1", "name": "dram", "curve": "constant:3"}])");
  const std::vector<Node> nodes = powercap_layout(machine);
  const auto target = [&](const std::string& name) {
    for (const Node& node : nodes)
      if (node.kind == Node::Kind::link && node.name == name) return node.text;
    return std::string();
  };
  EXPECT_EQ(target("intel-rapl"), "../../devices/virtual/powercap/intel-rapl");
  EXPECT_EQ(target("intel-rapl:0:1"), "../../devices/virtual/powercap/intel-rapl/intel-rapl:0/intel-rapl:0:1");
  EXPECT_THROW(powercap_layout(machine_of(R"([{"path": "intel-rapl:0:1", "name": "dram", "curve": "constant:3"}])")),
               std::invalid_argument);
}

TEST(LoadMeter, WeighsNamedCommandsApart) {
  const LoadMeter::Sample sample{.t_ns = 2 * kSecond, .busy_s = 3, .command_s = {{"train", 1.0}, {"other", 9.0}}};
  EXPECT_DOUBLE_EQ(LoadMeter::energy_j(sample, {.idle_w = 10, .watts_per_cpu = 40, .by_command = {{"train", 70.0}}}),
                   20 + 120 + 30);
}

}  // namespace
}  // namespace impact::fakes
