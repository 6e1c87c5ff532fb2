#include "impact/model/paradigm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "impact/model/random.hpp"

namespace impact::model {
namespace {

using testing::HasSubstr;

// The regression example of the published structure, worked out by hand: a batch has a work of 1, so that J a batch is
// 1 / efficiency.
ParadigmScenario example(double bit_per_j) {
  ParadigmScenario s;
  s.common.rounds_centralised = 60;
  s.common.rounds_federated = 100;
  s.common.batches = 30;
  s.common.model_bits = 290e3 * 8;
  s.common.server_share = 0.1;
  s.common.centre_batch_flop = 1;
  s.common.centre_flop_per_j = 1 / 11.8;
  s.common.centre_flop_per_s = 1 / 0.02;
  s.common.centre_pue = 1.67;
  s.common.centre_intensity_g_per_kwh = 661.926;
  LearnerGroup g;
  g.learners = g.active = 10;
  g.batches = 3;
  g.batch_flop = 1;
  g.flop_per_j = 1 / 0.969;
  g.flop_per_s = 1 / 0.19;
  g.intensity_g_per_kwh = 56.039;
  g.data_bits = 30e6 * 8;
  g.uplink_bit_per_j = g.downlink_bit_per_j = g.sidelink_bit_per_j = bit_per_j;
  s.groups = {g};
  s.check();
  return s;
}

double energy(const ParadigmScenario& s, Paradigm p, CostTerm term) {
  return cost(s, p).energy_j[static_cast<std::size_t>(term)];
}

TEST(Paradigm, HoldsTheWorkedExample) {
  const auto at50 = example(50'000);
  EXPECT_NEAR(energy(at50, Paradigm::centralised, CostTerm::centre), 35'470.8, 1e-6);
  EXPECT_NEAR(energy(at50, Paradigm::centralised, CostTerm::data_uplink), 48'000, 1e-6);
  EXPECT_NEAR(energy(at50, Paradigm::federated, CostTerm::learners), 2'907, 1e-6);
  EXPECT_NEAR(energy(at50, Paradigm::federated, CostTerm::server), 5'911.8, 1e-6);
  EXPECT_NEAR(energy(at50, Paradigm::federated, CostTerm::model_uplink), 46'400, 1e-6);
  EXPECT_NEAR(energy(at50, Paradigm::federated, CostTerm::model_downlink), 77'488, 1e-6);
  EXPECT_NEAR(cost(at50, Paradigm::federated).total_energy_j(), 132'706.8, 1e-6);
  EXPECT_NEAR(cost(at50, Paradigm::consensus).total_energy_j(), 49'307, 1e-6);
  const auto at200 = example(200'000);
  EXPECT_NEAR(cost(at200, Paradigm::centralised).total_energy_j(), 47'470.8, 1e-6);
  EXPECT_NEAR(cost(at200, Paradigm::federated).total_energy_j(), 39'790.8, 1e-6);
  EXPECT_NEAR(cost(at200, Paradigm::consensus).total_energy_j(), 14'507, 1e-6);
  EXPECT_NEAR(cost(at200, Paradigm::centralised).total_carbon_g(), 6.70875, 5e-6);
  EXPECT_NEAR(cost(at200, Paradigm::federated).total_carbon_g(), 4.87471, 5e-6);
  EXPECT_NEAR(cost(at200, Paradigm::consensus).total_carbon_g(), 0.225822, 5e-7);
}

TEST(Paradigm, LimitsOfTheAlgebra) {
  auto s = example(1e300);  // links that cost nothing leave the computing alone
  EXPECT_NEAR(cost(s, Paradigm::centralised).total_energy_j(), 35'470.8, 1e-6);
  EXPECT_NEAR(cost(s, Paradigm::federated).total_energy_j(), 2'907 + 5'911.8, 1e-6);
  s.common.server_share = 0;
  s.common.centre_pue = 1;
  s.common.rounds_federated = 60;  // 60 rounds x 10 learners x 3 batches are the centre's 60 x 30
  EXPECT_NEAR(cost(s, Paradigm::federated).total_energy_j() / cost(s, Paradigm::centralised).total_energy_j(),
              0.969 / 11.8, 1e-12);
  s = example(50'000);  // all learners active: nobody is left to be switched off
  EXPECT_EQ(cost(s, Paradigm::federated).energy_j, cost(s, Paradigm::federated_low_power).energy_j);
  s.groups[0].neighbours = 0;
  EXPECT_EQ(energy(s, Paradigm::consensus, CostTerm::sidelink), 0.0);
}

TEST(Paradigm, TrainingsThatAreAlikeScaleWithTheirNumber) {
  auto one = example(50'000);
  auto five = one;
  five.common.horizon_s = 5;
  five.groups[0].fresh_bits_per_s = five.groups[0].data_bits;  // as much again in each period
  for (const auto p : {Paradigm::continual, Paradigm::federated, Paradigm::federated_low_power, Paradigm::consensus}) {
    EXPECT_NEAR(cost(five, p).total_energy_j() / cost(one, p).total_energy_j(), 5, 1e-12) << name(p);
    EXPECT_NEAR(cost(five, p).duration_s / cost(one, p).duration_s, 5, 1e-12) << name(p);
  }
  // From the start each time: 1 + 2 + 3 + 4 + 5 first trainings.
  EXPECT_NEAR(energy(five, Paradigm::centralised, CostTerm::centre), 15 * 35'470.8, 1e-5);
  EXPECT_NEAR(energy(five, Paradigm::centralised, CostTerm::data_uplink), 5 * 48'000, 1e-5);
}

TEST(Paradigm, OnlyTheActiveOnesAreOnUnderThePolicyOfLowPower) {
  auto s = example(50'000);
  s.groups[0].active = 4;
  EXPECT_NEAR(energy(s, Paradigm::federated_low_power, CostTerm::learners), 0.4 * 2'907, 1e-9);
  EXPECT_NEAR(energy(s, Paradigm::federated_low_power, CostTerm::model_downlink), 0.4 * 77'488, 1e-9);
  EXPECT_NEAR(energy(s, Paradigm::federated, CostTerm::model_downlink), 77'488, 1e-9);
  s.common.broadcast = 1;
  EXPECT_NEAR(energy(s, Paradigm::federated, CostTerm::model_downlink), 7'748.8, 1e-9);
  EXPECT_NEAR(energy(s, Paradigm::federated_low_power, CostTerm::model_downlink), 7'748.8, 1e-9);
}

TEST(Paradigm, GroupsAddUp) {
  const auto whole = example(80'000);
  auto halves = whole;
  halves.groups[0].learners = halves.groups[0].active = 5;
  halves.groups.push_back(halves.groups[0]);
  for (std::size_t i = 0; i < kParadigms; ++i) {
    const auto p = static_cast<Paradigm>(i);
    EXPECT_NEAR(cost(halves, p).total_energy_j() / cost(whole, p).total_energy_j(), 1, 1e-12) << name(p);
    EXPECT_NEAR(cost(halves, p).total_carbon_g() / cost(whole, p).total_carbon_g(), 1, 1e-12) << name(p);
  }
}

TEST(Paradigm, TheSlowestLearnerSetsTheRoundAndTheOthersWait) {
  auto s = example(1e300);
  s.common.server_share = 0;
  auto slow = s.groups[0];
  slow.flop_per_s /= 4;
  s.groups[0].waiting_w = 2;
  s.groups.push_back(slow);
  const auto federated = cost(s, Paradigm::federated);
  EXPECT_NEAR(federated.duration_s, 100 * 3 * 0.76, 1e-9);
  EXPECT_NEAR(energy(s, Paradigm::federated, CostTerm::waiting), 2 * 10 * 100 * 3 * (0.76 - 0.19), 1e-9);
}

TEST(Paradigm, TransfersTakeTimeAndHardwareIsCharged) {
  auto s = example(50'000);
  s.groups[0].uplink_bit_per_s = 1e6;
  s.common.centre_making_g_per_s = 0.5;
  s.groups[0].making_g_per_s = 0.01;
  const auto central = cost(s, Paradigm::centralised);
  EXPECT_NEAR(central.duration_s, 60 * 30 * 0.02 + 240, 1e-9);
  EXPECT_NEAR(central.centre_making_g, 0.5 * 36, 1e-9);
  EXPECT_NEAR(central.learners_making_g, 0.01 * 10 * 240, 1e-9);
  const auto consensus = cost(s, Paradigm::consensus);
  EXPECT_EQ(consensus.centre_making_g, 0.0);
  EXPECT_NEAR(consensus.learners_making_g, 0.01 * 10 * 100 * 3 * 0.19, 1e-9);
}

// The published claims as signs: they must be reachable, not hold everywhere.
TEST(Paradigm, FederatedLearningCanSaveAThirdWhereLinksAreBadAndDataMany) {
  auto s = example(50'000);
  s.groups[0].data_bits = 300e6 * 8;
  s.common.rounds_federated = 200;
  const double saved =
      1 - cost(s, Paradigm::federated).total_energy_j() / cost(s, Paradigm::centralised).total_energy_j();
  EXPECT_GT(saved, 0.3);
  const auto at200 = example(200'000);
  EXPECT_LT(cost(at200, Paradigm::consensus).total_energy_j(), cost(at200, Paradigm::federated).total_energy_j());
}

TEST(Paradigm, ASweepIsTheSameAsItsScenariosAlone) {
  const auto base = example(50'000);
  Random random(7);
  const SweptParameter swept[] = {
      {&paradigm_parameter("centre_pue")}, {&paradigm_parameter("data_bits")}, {&paradigm_parameter("skew"), 0}};
  std::vector<double> values;
  for (int row = 0; row < 50; ++row) {
    values.insert(values.end(), {1 + random.uniform(), 1e9 * random.uniform(), 1 + random.uniform()});
  }
  const auto energies = sweep(base, swept, values, ParadigmQuantity::energy_j);
  const auto carbons = sweep(base, swept, values, ParadigmQuantity::carbon_g);
  ASSERT_EQ(energies.size(), 50 * kParadigms);
  for (std::size_t row = 0; row < 50; ++row) {
    auto s = base;
    s.common.centre_pue = values[row * 3];
    s.groups[0].data_bits = values[row * 3 + 1];
    s.common.skew = values[row * 3 + 2];
    for (std::size_t p = 0; p < kParadigms; ++p) {
      const auto alone = cost(s, static_cast<Paradigm>(p));
      EXPECT_EQ(energies[row * kParadigms + p], alone.total_energy_j());
      EXPECT_EQ(carbons[row * kParadigms + p], alone.total_carbon_g());
    }
  }
}

std::string refusal(const ParadigmScenario& s) {
  try {
    s.check();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(Paradigm, ImpossibleParametersAreNamedWithTheirLimits) {
  auto s = example(50'000);
  s.common.centre_pue = 0.9;
  EXPECT_THAT(refusal(s), HasSubstr("centre_pue is 0.9, but must be at least 1 and at most 10"));
  s = example(50'000);
  s.groups[0].active = 11;
  EXPECT_THAT(refusal(s), HasSubstr("active is 11, more than the 10 learners"));
  s = example(50'000);
  s.common.period_s = 2;
  EXPECT_THAT(refusal(s), HasSubstr("period_s is 2, longer than the horizon"));
  s = example(50'000);
  s.groups.clear();
  EXPECT_THAT(refusal(s), HasSubstr("no group"));
  for (const ParadigmParameter& p : paradigm_parameters()) {
    for (const double value : {std::nan(""), -1.0, -HUGE_VAL}) {
      s = example(50'000);
      if (p.common != nullptr) s.common.*p.common = value;
      if (p.group != nullptr) s.groups[0].*p.group = value;
      EXPECT_THAT(refusal(s), HasSubstr(std::string(p.name) + " is ")) << value;
    }
  }
  EXPECT_THROW(paradigm_parameter("pues"), std::invalid_argument);
  EXPECT_THROW(scenario_of({{"learners", 1}}, {}), std::invalid_argument);
  EXPECT_THROW(scenario_of({}, {{NamedValues{{"centre_pue", 1}}}}), std::invalid_argument);
  EXPECT_THAT(refusal(scenario_of({}, {{NamedValues{}}})), HasSubstr("rounds_centralised is nan"));
  const SweptParameter pue[] = {{&paradigm_parameter("centre_pue")}};
  const double values[] = {1.2, 0.5};
  EXPECT_THROW(sweep(example(1), pue, values, ParadigmQuantity::energy_j), std::invalid_argument);
}

}  // namespace
}  // namespace impact::model
