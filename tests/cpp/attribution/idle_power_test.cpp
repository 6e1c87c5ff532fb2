#include "impact/attribution/idle_power.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace impact {
namespace {

TEST(IdlePower, IsTheEndOfTheLineAtNoLoad) {
  IdlePower idle;
  for (const double load : {0.3, 0.5, 0.8, 1.0, 0.4}) idle.add(20.0 + 160.0 * load, load, 1.0);
  EXPECT_NEAR(idle.watts(), 20.0, 1e-9);
}

TEST(IdlePower, IsUnknownWhereTheLoadNeverChanges) {
  IdlePower idle;
  for (int i = 0; i < 100; ++i) idle.add(180.0, 1.0, 1.0);
  EXPECT_TRUE(std::isnan(idle.watts()));
}

TEST(IdlePower, IsThePowerOfAMachineThatDoesNothing) {
  IdlePower idle;
  for (int i = 0; i < 10; ++i) idle.add(21.0, 0.004, 1.0);
  EXPECT_NEAR(idle.watts(), 21.0, 1e-9);
}

TEST(IdlePower, NeedsThreeIntervalsThatAreNotTooShort) {
  IdlePower idle;
  idle.add(20.0, 0.0, 1.0);
  idle.add(180.0, 1.0, 1.0);
  for (int i = 0; i < 50; ++i) idle.add(500.0, 0.5, 0.01);
  EXPECT_TRUE(std::isnan(idle.watts()));
  idle.add(100.0, 0.5, 1.0);
  EXPECT_NEAR(idle.watts(), 20.0, 1e-9);
}

TEST(IdlePower, HoldsUnderTheNoiseOfTicks) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> noise(0.0, 0.005), watts(0.0, 1.0);
  std::uniform_real_distribution<double> load(0.1, 1.0);
  IdlePower idle;
  for (int i = 0; i < 60; ++i) {
    const double u = load(random);
    idle.add(20.0 + 160.0 * u + watts(random), u + noise(random), 1.0);
  }
  EXPECT_NEAR(idle.watts(), 20.0, 1.5);
}

TEST(IdlePower, IsNeverMoreThanTheLeastPowerSeenNorLessThanNothing) {
  IdlePower falling, steep;
  for (const double u : {0.1, 0.4, 0.9}) {
    falling.add(100.0 - 5.0 * u, u, 1.0);
    steep.add(300.0 * u, u + 0.05, 1.0);
  }
  EXPECT_LE(falling.watts(), 95.5 + 1e-9);
  EXPECT_GE(steep.watts(), 0.0);
}

TEST(IdlePower, IsUnknownWherePowerDoesNotFollowLoad) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> load(0.9, 1.0), watts(50.0, 250.0);
  IdlePower idle;
  for (int i = 0; i < 20; ++i) idle.add(watts(random), load(random), 1.0);
  EXPECT_TRUE(std::isnan(idle.watts()));
}

}  // namespace
}  // namespace impact
