#include "impact/core/result.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace impact {
namespace {

ChannelResult measured() {
  ChannelResult part;
  part.value = 100;
  part.half_width = 3;
  part.bias = 2;
  part.coverage = 1;
  part.quality = Quality::measured;
  return part;
}

TEST(ChannelResult, IsAnEnergyWithItsErrors) {
  const Energy energy = measured().energy(Channel{});
  EXPECT_EQ(energy.best(), Joules{100});
  EXPECT_EQ(energy.half(), Joules{3});
  EXPECT_EQ(energy.bias(), Joules{2});
  EXPECT_EQ(energy.modelled(), Joules{0});
  EXPECT_FALSE(energy.partial());
}

TEST(ChannelResult, OfAModelIsModelledAsAWhole) {
  Channel model;
  model.quality = Quality::modelled;
  EXPECT_EQ(measured().energy(model).modelled(), Joules{100});
}

TEST(ChannelResult, WithGapsIsPartial) {
  ChannelResult part = measured();
  part.coverage = 0.9;
  EXPECT_TRUE(part.energy(Channel{}).partial());
}

TEST(ChannelResult, WithoutAReadingIsMissing) {
  EXPECT_TRUE(ChannelResult{}.energy(Channel{}).is_missing());
  ChannelResult part = measured();
  part.value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(part.energy(Channel{}).is_missing());
  part = measured();
  part.half_width = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(part.energy(Channel{}).half().is_missing());
}

}  // namespace
}  // namespace impact
