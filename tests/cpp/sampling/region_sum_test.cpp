#include "impact/sampling/region_sum.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace impact {
namespace {

using testing::ElementsAre;

Channel channel(std::string id, std::string device, Domain domain, Unit unit = Unit::joule) {
  Channel c;
  c.id = std::move(id);
  c.device = std::move(device);
  c.domain = domain;
  c.unit = unit;
  return c;
}

// A minute with a package and its core, memory, the platform domain, a wattmeter, the machine's CPU time.
struct Minute {
  std::vector<Channel> channels{channel("rapl/package-0", "cpu:0", Domain::package),
                                channel("rapl/dram-0", "memory", Domain::dram),
                                channel("rapl/core-0", "cpu:0", Domain::core),
                                channel("rapl/psys", "node", Domain::psys),
                                channel("meter/node", "node", Domain::wall, Unit::watt),
                                channel("cpu_state/cpu_time", "cpu", Domain::other, Unit::second)};
  std::vector<bool> at_edges = std::vector<bool>(6, true);
  std::vector<std::string> uncovered;
  RegionResult result;

  Minute() {
    channels[5].quantity = "cpu_time";
    result.stop = instant(60'000'000'000);
    const Role roles[] = {Role::in_total, Role::in_total, Role::inside, Role::apart, Role::apart, Role::state};
    const double values[] = {6000, 600, 4000, 7000, 9000, 90};
    for (std::uint32_t c = 0; c < 6; ++c) {
      ChannelResult part;
      part.channel = c;
      part.role = roles[c];
      part.value = values[c];
      part.half_width = 3;
      part.bias = 10;
      part.coverage = 1;
      part.quality = Quality::measured;
      result.channels.push_back(part);
    }
  }

  const RegionResult& summed() {
    result.notes.clear();
    sum_channels(result, channels, at_edges, uncovered);
    add_meters(result, channels);
    return result;
  }
};

TEST(RegionSum, TakesTheChannelsOfTheTotalAlone) {
  Minute m;
  const RegionResult& r = m.summed();
  EXPECT_EQ(r.energy.best(), Joules{6600});
  EXPECT_DOUBLE_EQ(r.energy.half().value(), std::hypot(3, 3));
  EXPECT_EQ(r.energy.bias(), Joules{20});
  EXPECT_EQ(r.energy.modelled(), Joules{0});
  EXPECT_FALSE(r.energy.partial());
  EXPECT_EQ(r.coverage, 1);
}

TEST(RegionSum, NamesWhatIsMissingInIt) {
  Minute m;
  m.uncovered = {"gpu:0"};
  m.result.channels[1].quality = Quality::missing;
  const RegionResult& r = m.summed();
  EXPECT_EQ(r.energy.best(), Joules{6000});
  EXPECT_TRUE(r.energy.partial());
  EXPECT_THAT(r.notes, ElementsAre("rapl/dram-0: no reading; not in the sum", "gpu:0: not measured"));
  m.result.channels[0].quality = Quality::missing;
  EXPECT_TRUE(m.summed().energy.is_missing());
  EXPECT_TRUE(r.energy.partial());
  EXPECT_EQ(r.coverage, 0);
}

TEST(RegionSum, MetersStandBesideIt) {
  Minute m;
  EXPECT_EQ(m.summed().psys, Joules{7000});
  EXPECT_EQ(m.result.wall, Joules{9000});
  EXPECT_EQ(m.result.rest, Joules{2400});
}

TEST(RegionSum, TheRestIsKnownWhereBothCoverTheWholeTime) {
  Minute m;
  m.result.channels[4].coverage = 0.8;  // the meter was silent for a while
  EXPECT_TRUE(m.summed().rest.is_missing());
  EXPECT_EQ(m.result.wall, Joules{9000});
  EXPECT_THAT(m.result.notes, ElementsAre("meter/node: no reading covers 12.0 s of it"));  // 9000 J are not all of it
  m.result.channels[4].coverage = 1;
  EXPECT_THAT(m.summed().notes, testing::IsEmpty());
  m.result.channels[0].coverage = 0.9;
  EXPECT_TRUE(m.summed().rest.is_missing());
  EXPECT_TRUE(m.result.energy.partial());
  m.result.channels[0].coverage = 1;
  m.result.channels[4].quality = Quality::missing;
  EXPECT_TRUE(m.summed().rest.is_missing());
  EXPECT_TRUE(m.result.wall.is_missing());
}

TEST(RegionSum, UseAndEnergyByDevice) {
  Minute m;
  m.result.channels[1].quality = Quality::missing;
  const std::vector<DeviceEnergy> devices = device_energies(m.result, m.channels);
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0].device, "cpu:0");
  EXPECT_EQ(devices[0].energy, Joules{6000});
  EXPECT_EQ(devices[1].device, "memory");
  EXPECT_TRUE(devices[1].energy.is_missing());
  const auto use = utilisation(m.result, m.channels);
  EXPECT_DOUBLE_EQ(use.at("cpu"), 1.5);
  EXPECT_TRUE(std::isnan(use.at("memory_used_bytes")));
}

}  // namespace
}  // namespace impact
