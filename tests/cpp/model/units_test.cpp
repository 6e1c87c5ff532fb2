#include "impact/model/units.hpp"

#include <gtest/gtest.h>

#include <concepts>
#include <limits>

namespace impact::model {
namespace {

template <class A, class B>
concept Addable = requires(A a, B b) { a + b; };
template <class A, class B>
concept Multipliable = requires(A a, B b) { a* b; };

// What must not be mixed does not compile.
static_assert(!Addable<GramsCO2e, MarginalGramsCO2e>);
static_assert(!Addable<GramsCO2e, MarketGramsCO2e>);
static_assert(!Addable<Joules, SiteJoules>);
static_assert(!Addable<Litres, GramsCO2e>);
static_assert(!Multipliable<SiteJoules, Pue>, "a PUE is applied once");
static_assert(!Multipliable<Joules, CarbonIntensity>, "the grid feeds the site, not the computer");
static_assert(!Multipliable<SiteJoules, Wue>, "WUE is per energy of the computers");
static_assert(std::same_as<decltype(SiteJoules{} * MarginalIntensity{0.0}), MarginalGramsCO2e>);

TEST(Units, EnergyTimesPueTimesIntensity) {
  const Joules it{2.2813536 / 1.67 * kJoulesPerKilowattHour};
  EXPECT_NEAR(((it * Pue{1.67}) * CarbonIntensity{453.22}).value(), 1033.955, 5e-4);
}

TEST(Units, WaterCountsThePueOnce) {
  const Joules it{1000.0 * kJoulesPerKilowattHour};
  EXPECT_NEAR(water(it, Pue{1.2}, Wue{0.55}, WaterIntensity{3.14}).value(), 4318.0, 1e-9);
}

TEST(Units, UseOfElectricityIsTheFourFormulas) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const GridFactors grid{CarbonIntensity{50.0}, WaterIntensity{3.14}, PrimaryEnergyFactor{11.0}, DepletionFactor{nan}};
  const auto used = use_of_electricity(Joules{1000.0 * kJoulesPerKilowattHour}, Pue{1.2}, Wue{0.55}, grid);
  EXPECT_DOUBLE_EQ(used.carbon.value(), 60000.0);
  EXPECT_NEAR(used.water.value(), 4318.0, 1e-9);
  EXPECT_DOUBLE_EQ(used.primary_energy.value(), 13200.0);
  EXPECT_TRUE(used.depletion.is_missing());
}

TEST(Units, AnUnknownFactorStaysUnknown) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(((Joules{1.0} * Pue{1.0}) * CarbonIntensity{nan}).is_missing());
}

TEST(Units, ImpossibleFactorsAreRefused) {
  EXPECT_THROW(Pue{0.9}, std::invalid_argument);
  EXPECT_THROW(Pue{std::numeric_limits<double>::quiet_NaN()}, std::invalid_argument);
  EXPECT_THROW(CarbonIntensity{-1.0}, std::invalid_argument);
  EXPECT_THROW(Wue{-0.1}, std::invalid_argument);
}

TEST(Units, ShareOfLifeAsInTheBloomStudy) {
  // A server of 2500 kg, 6 years, 85 % used: 0.0559585 kg an hour.
  EXPECT_NEAR(2500.0 * share_of_life(3600.0, 6 * 8760 * 3600.0, 0.85, 1.0, 1.0), 0.0559585, 5e-8);
  EXPECT_NEAR(share_of_life(3600.0, 4 * 8760 * 3600.0, 1.0, 1.0, 8.0) * 8.0, 1.0 / 35040.0, 1e-18);
  EXPECT_THROW(share_of_life(1.0, 0.0, 1.0, 1.0, 1.0), std::invalid_argument);
  EXPECT_THROW(share_of_life(1.0, 1.0, 1.1, 1.0, 1.0), std::invalid_argument);
  EXPECT_THROW(share_of_life(1.0, 1.0, 1.0, 2.0, 1.0), std::invalid_argument);
  EXPECT_THROW(share_of_life(-1.0, 1.0, 1.0, 1.0, 1.0), std::invalid_argument);
}

}  // namespace
}  // namespace impact::model
