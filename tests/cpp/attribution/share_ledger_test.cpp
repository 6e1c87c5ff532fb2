#include "impact/attribution/share_ledger.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

namespace impact {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

Instant at(double s) { return instant(std::llround(s * 1e9)); }

// Channel 0 is a package's energy, 1 and 2 the consumer's and everybody's CPU time, 3 the consumer's part of the cores.
class Node {
 public:
  explicit Node(IdlePolicy policy = IdlePolicy::usage) : ledger(settings(policy), channels()) {}

  static std::vector<Channel> channels() {
    std::vector<Channel> all(4);
    all[0].id = "rapl/package-0";
    all[0].domain = Domain::package;
    for (std::size_t i = 1; i < 4; ++i) {
      all[i].id = "usage/" + std::to_string(i);
      all[i].unit = Unit::second;
      all[i].scale = 1e-9;
    }
    all[3].kind = Kind::gauge;
    all[3].unit = Unit::ratio;
    all[3].scale = 1e-6;
    return all;
  }
  static ShareSettings settings(IdlePolicy policy) {
    ShareSettings s;
    s.scope = "job";
    s.whose = "Slurm job 1";
    s.policy = policy;
    s.pairs = {{0, 1, 2, 2, 4.0, 0.0}};
    s.cores = 3;
    return s;
  }

  // dt seconds with these CPUs busy: 20 W, and 40 W for each.
  void run(double dt, double own_cpus, double other_cpus, bool own_known = true) {
    t += dt;
    own += own_cpus * dt;
    all += (own_cpus + other_cpus) * dt;
    energy += (20.0 + 40.0 * (own_cpus + other_cpus)) * dt;
    dynamic += 40.0 * own_cpus * dt;
    row(own_known);
  }
  void row(bool own_known = true) {
    std::vector<Reading> readings;
    for (std::uint32_t c = 1; c < 4; ++c) {
      const double value = c == 1 ? own * 1e9 : c == 2 ? all * 1e9 : cores * 1e6;
      readings.push_back(
          {c, c == 1 && !own_known ? Quality::missing : Quality::measured, std::llround(value), at(t), at(t)});
    }
    ledger.row(readings, [&](std::uint32_t, Instant) { return energy; });
  }
  Share share(double joules, std::uint64_t region = 0) const {
    RegionResult result;
    result.region = region;
    result.stop = at(t);
    result.energy = {Joules{joules}, Joules{0}, Joules{0}, Joules{0}, Quality::measured};
    ChannelResult part;
    part.role = Role::in_total;
    part.value = joules;
    part.half_width = 0.0;
    part.quality = Quality::measured;
    result.channels = {part};
    return *ledger.share(result);
  }
  static double sum(const Share& s) {
    return s.share.value() + s.others.value() + s.machine_idle.value() + s.unattributed.value();
  }

  double t = 0.0, own = 0.0, all = 0.0, energy = 0.0, dynamic = 0.0, cores = 0.25;
  ShareLedger ledger;
};

TEST(ShareLedger, TwoJobsOfOneNodeHaveTheirOwnParts) {
  for (const IdlePolicy policy : {IdlePolicy::none, IdlePolicy::usage, IdlePolicy::allocated_cores}) {
    Node node(policy);
    node.row();
    node.ledger.enter(0, at(0));
    double by_use = 0.0;
    for (int i = 0; i < 40; ++i) {
      const double own = i % 3, other = (i * 7) % 5 * 0.5;
      node.run(1.0, own, other);
      if (own > 0) by_use += (20.0 + 40.0 * (own + other)) * own / (own + other);
    }
    const Share s = node.share(node.energy);
    const double expected = policy == IdlePolicy::none    ? node.dynamic
                            : policy == IdlePolicy::usage ? by_use
                                                          : node.dynamic + 0.25 * 20.0 * 40.0;
    EXPECT_NEAR(s.share.value(), expected, 1e-6 * expected) << to_string(policy);
    EXPECT_NEAR(Node::sum(s), node.energy, 1e-9 * node.energy);
    EXPECT_EQ(s.quality, Quality::estimated);
  }
}

TEST(ShareLedger, OverlappingRegionsEachHaveTheirs) {
  Node node(IdlePolicy::none);
  node.row();
  for (const double load : {0.0, 1.0, 2.0, 3.0}) node.run(1.0, load, 0.5);
  const double begin = node.t;
  node.ledger.enter(1, at(begin));
  node.run(1.0, 2.0, 1.0);
  node.ledger.enter(2, at(begin + 1.0));
  node.run(1.0, 1.0, 1.0);
  node.ledger.exit(1, at(begin + 2.0));
  node.run(1.0, 0.0, 1.0);
  node.ledger.exit(2, at(begin + 3.0));
  node.run(1.0, 4.0, 0.0);
  EXPECT_NEAR(node.share(140.0 + 100.0, 1).share.value(), 80.0 + 40.0, 1e-6);
  EXPECT_NEAR(node.share(100.0 + 60.0, 2).share.value(), 40.0, 1e-6);
}

TEST(ShareLedger, ARegionWithinAnIntervalIsInterpolatedAndSaysHowFar) {
  Node node;
  node.row();
  node.ledger.enter(1, at(0.25));
  node.ledger.exit(1, at(0.75));
  node.run(1.0, 1.0, 1.0);
  const Share s = node.share(50.0, 1);
  EXPECT_NEAR(s.share.value(), 25.0, 1e-9);
  EXPECT_GT(s.half_width.value(), 10.0);
  EXPECT_NEAR(Node::sum(s), 50.0, 1e-9);
}

TEST(ShareLedger, WholeIntervalsHaveNoErrorOfInterpolation) {
  Node node;
  node.row();
  node.ledger.enter(1, at(0.0));
  for (int i = 0; i < 3; ++i) node.run(1.0, 1.0, 0.0);
  node.ledger.exit(1, at(3.0));
  EXPECT_NEAR(node.share(180.0, 1).half_width.value(), 0.0, 1e-9);
}

TEST(ShareLedger, NoneSeenIsLessThanATickNotNothing) {
  Node node;
  node.row();
  node.ledger.enter(1, at(0.0));
  for (int i = 0; i < 5; ++i) node.run(1.0, 0.0, 0.2);
  node.ledger.exit(1, at(5.0));
  const Share s = node.share(node.energy, 1);
  EXPECT_EQ(s.share.value(), 0.0);
  // A hundredth of a second beside one second of use: 1.96 x 0.01 / sqrt(6) of the energy.
  EXPECT_NEAR(s.half_width.value(), 0.008 * node.energy, 0.0005 * node.energy);
}

TEST(ShareLedger, AReadingThatFailedIsBridgedByTheNext) {
  Node node;
  node.row();
  node.ledger.enter(0, at(0));
  node.run(1.0, 1.0, 1.0);
  node.run(1.0, 2.0, 0.0, false);
  node.run(1.0, 0.0, 2.0);
  const Share s = node.share(node.energy);
  EXPECT_NEAR(s.share.value(), 50.0 + 100.0, 1e-6);  // 2 of the 4 CPU seconds of the two intervals together
  EXPECT_EQ(s.unattributed.value(), 0.0);
}

TEST(ShareLedger, ACounterThatBeganAnewLeavesItsIntervalUnattributed) {
  Node node;
  node.row();
  node.ledger.enter(0, at(0));
  node.run(1.0, 1.0, 1.0);
  node.own = 0.0;
  node.run(1.0, 0.0, 1.0);
  const Share s = node.share(node.energy);
  EXPECT_NEAR(s.share.value(), 50.0, 1e-6);
  EXPECT_NEAR(s.unattributed.value(), 60.0, 1e-6);
  EXPECT_NEAR(Node::sum(s), node.energy, 1e-9 * node.energy);
}

TEST(ShareLedger, TheConsumersExactTimeMayPassTheMachinesTicks) {
  Node node;
  node.row();
  node.ledger.enter(0, at(0));
  for (int i = 0; i < 5; ++i) {
    node.t += 1.0;
    node.own += 1.0;
    node.all += 0.99;
    node.energy += 60.0;
    node.row();
  }
  const Share s = node.share(node.energy);
  EXPECT_NEAR(s.share.value(), 300.0, 1e-6);
  EXPECT_NEAR(s.others.value(), 0.0, 1e-6);
}

TEST(ShareLedger, WithoutReadingsNothingIsGuessed) {
  Node node;
  node.ledger.enter(0, at(0));
  const Share s = node.share(100.0);
  EXPECT_TRUE(s.share.is_missing());
  EXPECT_EQ(s.quality, Quality::missing);
  EXPECT_NEAR(s.unattributed.value(), 100.0, 1e-12);
  ASSERT_THAT(s.reasons, SizeIs(1));
  EXPECT_THAT(s.reasons[0], HasSubstr("rapl/package-0"));
}

TEST(ShareLedger, AConstantLoadHidesTheIdlePowerAndIsSaid) {
  Node none(IdlePolicy::none), usage;
  for (Node* node : {&none, &usage}) {
    node->row();
    node->ledger.enter(0, at(0));
    for (int i = 0; i < 10; ++i) node->run(1.0, 1.0, 1.0);
  }
  EXPECT_TRUE(none.share(1000.0).share.is_missing());
  EXPECT_NEAR(none.share(1000.0).unattributed.value(), 1000.0, 1e-9);
  EXPECT_THAT(none.share(1000.0).reasons.at(0), HasSubstr("idle power"));
  EXPECT_NEAR(usage.share(1000.0).share.value(), 500.0, 1e-6);
  EXPECT_TRUE(usage.share(1000.0).idle.is_missing());
}

TEST(ShareLedger, ChannelsWithoutAPairAreUnattributed) {
  std::vector<Channel> channels = Node::channels();
  channels[3] = channels[0];
  channels[3].id = "module";
  ShareSettings settings = Node::settings(IdlePolicy::usage);
  settings.cores.reset();
  ShareLedger ledger(settings, channels);
  RegionResult result;
  ChannelResult part;
  part.channel = 3;
  part.role = Role::in_total;
  part.value = 70.0;
  part.quality = Quality::measured;
  result.channels = {part};
  EXPECT_NEAR(ledger.share(result)->unattributed.value(), 70.0, 1e-12);
}

TEST(ShareLedger, NobodyAskedNobodyAnswers) {
  ShareLedger ledger({}, Node::channels());
  ledger.row({}, [](std::uint32_t, Instant) { return 0.0; });
  ledger.enter(1, at(0));
  EXPECT_FALSE(ledger.share(RegionResult{}));
}

// Every interval of a random history, as a region of its own.
TEST(ShareLedger, EveryIntervalAddsUp) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> part(0.0, 1.0);
  for (const IdlePolicy policy :
       {IdlePolicy::none, IdlePolicy::usage, IdlePolicy::allocated_cores, IdlePolicy::equal}) {
    Node node(policy);
    node.row();
    for (std::uint64_t i = 1; i <= 300; ++i) {
      node.ledger.enter(i, at(node.t));
      const double before = node.energy;
      if (part(random) < 0.05) node.own = 0.0;
      node.run(0.1 + part(random), part(random) < 0.2 ? 0.0 : 3 * part(random), part(random) < 0.2 ? 0.0 : part(random),
               part(random) > 0.05);
      node.ledger.exit(i, at(node.t));
      const double energy = node.energy - before;
      const Share s = node.share(energy, i);
      double sum = 0.0;
      for (const DeviceShare& d : s.devices) sum += d.share_j + d.others_j + d.machine_idle_j + d.unattributed_j;
      EXPECT_NEAR(sum, energy, 1e-9 * energy);
      node.ledger.forget(i);
    }
  }
}

}  // namespace
}  // namespace impact
