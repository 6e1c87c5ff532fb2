#include "impact/core/energy.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Energy energy(double best, double half, double bias, Quality quality = Quality::measured) {
  return {Joules{best}, Joules{half}, Joules{bias}, Joules{quality == Quality::modelled ? best : 0.0}, quality};
}

TEST(Energy, HalfWidthsAddAsSquaresAndBiasesAsTheyAre) {
  const Energy sum = total(std::array{energy(100, 3, 2), energy(50, 4, 5, Quality::modelled)});
  EXPECT_EQ(sum.best(), Joules{150});
  EXPECT_EQ(sum.half(), Joules{5});
  EXPECT_EQ(sum.bias(), Joules{7});
  EXPECT_EQ(sum.modelled(), Joules{50});
  EXPECT_EQ(sum.quality(), Quality::modelled);
  EXPECT_FALSE(sum.partial());
  EXPECT_DOUBLE_EQ(sum.error().value(), std::hypot(5, 7));
  EXPECT_EQ(sum.low(), Joules{145});
  EXPECT_EQ(sum.high(), Joules{155});
}

TEST(Energy, AMissingSummandMakesTheSumPartial) {
  const Energy sum = total(std::array{energy(100, 3, 2), Energy{}});
  EXPECT_EQ(sum.best(), Joules{100});
  EXPECT_TRUE(sum.partial());
  EXPECT_EQ(sum.quality(), Quality::measured);
  EXPECT_TRUE(total_if_known(std::array{energy(100, 3, 2), Energy{}}).is_missing());
  EXPECT_FALSE(total_if_known(std::array{energy(100, 3, 2)}).is_missing());
}

TEST(Energy, OfNothingIsMissingAndNeverZero) {
  for (const Energy& nothing : {Energy{}, total({}), total(std::array{Energy{}, Energy{}}), Energy{}.scaled(2)}) {
    EXPECT_TRUE(nothing.is_missing());
    EXPECT_TRUE(nothing.error().is_missing());
    EXPECT_TRUE(nothing.low().is_missing());
    EXPECT_EQ(nothing.quality(), Quality::missing);
  }
  EXPECT_FALSE(total({}).partial());
  EXPECT_TRUE(total(std::array{Energy{}}).partial());
}

TEST(Energy, AnErrorThatOneSummandDoesNotKnowIsNotKnownOfTheSum) {
  const Energy unknown{Joules{1}, Joules::missing(), Joules::missing(), Joules::missing(), Quality::estimated};
  const Energy sum = total(std::array{energy(100, 3, 2), unknown});
  EXPECT_EQ(sum.best(), Joules{101});
  EXPECT_TRUE(sum.half().is_missing());
  EXPECT_TRUE(sum.bias().is_missing());
  EXPECT_TRUE(sum.modelled().is_missing());
  EXPECT_TRUE(sum.error().is_missing());
}

TEST(Energy, ADifferenceOfTheSameSensorsKeepsTheDifferenceOfTheirBiases) {
  const Energy same = energy(100, 3, 5).minus(energy(40, 4, 2), true);
  EXPECT_EQ(same.best(), Joules{60});
  EXPECT_EQ(same.half(), Joules{5});
  EXPECT_EQ(same.bias(), Joules{3});
  EXPECT_DOUBLE_EQ(energy(100, 3, 4).minus(energy(40, 4, 3), false).bias().value(), 5);
  EXPECT_TRUE(energy(100, 3, 5).minus(Energy{}, true).is_missing());
}

TEST(Energy, ScalesWithAllItsErrors) {
  const Energy half = energy(100, 3, 5, Quality::modelled).scaled(0.5);
  EXPECT_EQ(half.best(), Joules{50});
  EXPECT_EQ(half.half(), Joules{1.5});
  EXPECT_EQ(half.bias(), Joules{2.5});
  EXPECT_EQ(half.modelled(), Joules{50});
  EXPECT_THROW((void)half.scaled(-1), std::invalid_argument);
  EXPECT_THROW((void)half.scaled(kInfinity), std::invalid_argument);
  EXPECT_DOUBLE_EQ(energy(100, 3, 5).widened(Joules{4}).half().value(), 5);
}

TEST(Energy, ARangeIsCutAtZero) {
  const EnergyRange range = energy(4, 3, 4).range();
  EXPECT_EQ(range.low, Joules{0});
  EXPECT_EQ(range.best, Joules{4});
  EXPECT_EQ(range.high, Joules{9});
  EXPECT_EQ(energy(-4, 0, 1).range().high, Joules{1});
  EXPECT_TRUE(Energy{}.range().best.is_missing());
}

TEST(Energy, RefusesWhatCannotBe) {
  const Joules one{1}, none = Joules::missing();
  EXPECT_THROW(Energy(one, Joules{-1}, none, none, Quality::measured), std::invalid_argument);
  EXPECT_THROW(Energy(one, none, Joules{-1}, none, Quality::measured), std::invalid_argument);
  EXPECT_THROW(Energy(Joules{kInfinity}, none, none, none, Quality::measured), std::invalid_argument);
  EXPECT_THROW(Energy(one, none, none, none, Quality::missing), std::invalid_argument);
  EXPECT_THROW(Energy(none, none, none, none, Quality::measured), std::invalid_argument);
}

}  // namespace
}  // namespace impact
