#include "impact/attribution/split.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>
#include <random>

namespace impact {
namespace {

constexpr IdlePolicy kPolicies[] = {IdlePolicy::none, IdlePolicy::allocated_cores, IdlePolicy::usage,
                                    IdlePolicy::equal};

double given(const Split& s) {
  return std::accumulate(s.portions.begin(), s.portions.end(), 0.0,
                         [](double sum, const Portion& p) { return sum + p.total_j; });
}

TEST(Weigh, GivesPartsThatSumToOne) {
  const double weights[] = {1.0, 3.0, 0.0};
  const Weighed w = weigh(weights);
  EXPECT_EQ(w.kind, Weighed::Kind::known);
  EXPECT_THAT(w.parts, testing::ElementsAre(0.25, 0.75, 0.0));
}

TEST(Weigh, NobodyAtWorkIsVacantAndAMissingWeightIsUnknown) {
  const double none[] = {0.0, 0.0}, missing[] = {1.0, kUnknown}, negative[] = {1.0, -0.5},
               infinite[] = {1.0, std::numeric_limits<double>::infinity()};
  EXPECT_EQ(weigh(none).kind, Weighed::Kind::vacant);
  EXPECT_EQ(weigh(missing).kind, Weighed::Kind::unknown);
  EXPECT_EQ(weigh(negative).kind, Weighed::Kind::unknown);
  EXPECT_EQ(weigh(infinite).kind, Weighed::Kind::unknown);
  EXPECT_EQ(weigh({}).kind, Weighed::Kind::unknown);
}

// One interval of 10 s: 20 W idle, 40 W for each busy CPU; A kept 1 CPU busy, B 3.
struct TwoJobs {
  Claim claims[2] = {{1800.0 * 0.25, 2.5, 0.5}, {1800.0 * 0.75, 7.5, 0.5}};
  Stretch stretch() const { return {1800.0, 0.0, 0.0, 20.0, claims}; }
};

TEST(Split, NoneLeavesIdleEnergyToNobody) {
  const TwoJobs jobs;
  const Split s = split(jobs.stretch(), IdlePolicy::none);
  EXPECT_NEAR(s.portions[0].total_j, 400.0, 1e-9);
  EXPECT_NEAR(s.portions[1].total_j, 1200.0, 1e-9);
  EXPECT_NEAR(s.idle_j, 200.0, 1e-9);
  EXPECT_EQ(s.unattributed_j, 0.0);
}

TEST(Split, UsageGivesIdleEnergyByUse) {
  const TwoJobs jobs;
  const Split s = split(jobs.stretch(), IdlePolicy::usage);
  EXPECT_NEAR(s.portions[0].total_j, 450.0, 1e-9);
  EXPECT_NEAR(s.portions[0].idle_j, 50.0, 1e-9);
  EXPECT_NEAR(s.idle_j, 0.0, 1e-9);
}

TEST(Split, PartsOfTheCoresAreBorneWhetherUsedOrNot) {
  const TwoJobs jobs;
  for (const IdlePolicy policy : {IdlePolicy::allocated_cores, IdlePolicy::equal}) {
    const Split s = split(jobs.stretch(), policy);
    EXPECT_NEAR(s.portions[0].total_j, 500.0, 1e-9);
    EXPECT_NEAR(s.portions[0].idle_j, 100.0, 1e-9);
    EXPECT_NEAR(s.portions[1].total_j, 1300.0, 1e-9);
  }
}

TEST(Split, WithoutAnIdlePowerOnlyUseCanDivide) {
  TwoJobs jobs;
  Stretch stretch = jobs.stretch();
  stretch.idle_power_w = kUnknown;
  const Split by_use = split(stretch, IdlePolicy::usage);
  EXPECT_NEAR(by_use.portions[0].total_j, 450.0, 1e-9);
  EXPECT_TRUE(std::isnan(by_use.portions[0].idle_j));
  const Split none = split(stretch, IdlePolicy::none);
  EXPECT_TRUE(none.idle_unknown);
  EXPECT_EQ(none.unattributed_j, 1800.0);
  EXPECT_EQ(given(none), 0.0);
}

TEST(Split, PartsThatAreNotKnownLeaveIdleEnergyToNobody) {
  TwoJobs jobs;
  jobs.claims[0].idle_part = jobs.claims[1].idle_part = kUnknown;
  const Split s = split(jobs.stretch(), IdlePolicy::equal);
  EXPECT_TRUE(s.policy_unknown);
  EXPECT_NEAR(s.portions[0].total_j, 400.0, 1e-9);
  EXPECT_NEAR(s.idle_j, 200.0, 1e-9);
}

// Random intervals, also with weights that are missing, nobody at work, idle powers beyond the energy: nothing is lost.
TEST(Split, ConservesEnergyWhateverComes) {
  std::mt19937_64 random(20260102);
  std::uniform_real_distribution<double> part(0.0, 1.0);
  for (int round = 0; round < 20'000; ++round) {
    const std::size_t consumers = 1 + random() % 5;
    std::vector<Claim> claims(consumers);
    for (Claim& claim : claims)
      claim.idle_part = part(random) < 0.2 ? kUnknown : part(random) * 1.5 / static_cast<double>(consumers);
    Stretch stretch;
    const double scale = std::pow(10.0, 12.0 * part(random) - 6.0);
    double seconds = 0.0;
    for (int interval = 0; interval < 8; ++interval) {
      const double energy = scale * part(random), dt = part(random);
      std::vector<double> weights(consumers);
      for (double& w : weights) w = part(random) < 0.3 ? 0.0 : part(random);
      if (part(random) < 0.1) weights[random() % consumers] = kUnknown;
      const Weighed w = weigh(weights);
      stretch.energy_j += energy;
      seconds += dt;
      if (w.kind == Weighed::Kind::unknown) stretch.unknown_j += energy;
      if (w.kind == Weighed::Kind::vacant) stretch.vacant_j += energy;
      for (std::size_t i = 0; i < w.parts.size(); ++i) {
        claims[i].energy_j += energy * w.parts[i];
        claims[i].seconds += dt * w.parts[i];
      }
    }
    stretch.idle_power_w = part(random) < 0.2 ? kUnknown : 2.0 * part(random) * stretch.energy_j / seconds;
    stretch.claims = claims;
    for (const IdlePolicy policy : kPolicies) {
      const Split s = split(stretch, policy);
      EXPECT_NEAR(given(s) + s.idle_j + s.unattributed_j, stretch.energy_j, 1e-9 * stretch.energy_j);
      for (const Portion& p : s.portions) {
        EXPECT_GE(p.total_j, 0.0);
        EXPECT_FALSE(p.idle_j > p.total_j * (1 + 1e-12));
      }
      EXPECT_GE(s.idle_j, 0.0);
      EXPECT_GE(s.unattributed_j, 0.0);
      EXPECT_NEAR(s.unattributed_j, s.idle_unknown ? stretch.energy_j : stretch.unknown_j, 1e-9 * stretch.energy_j);
    }
  }
}

TEST(Split, WhatIsNotMeasuredIsNotDivided) {
  const TwoJobs jobs;
  Stretch stretch = jobs.stretch();
  stretch.energy_j = kUnknown;
  const Split s = split(stretch, IdlePolicy::usage);
  EXPECT_TRUE(std::isnan(s.portions[0].total_j));
  EXPECT_TRUE(std::isnan(s.unattributed_j));
}

}  // namespace
}  // namespace impact
