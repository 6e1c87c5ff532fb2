#include "impact/tracker/common_zero.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cmath>

#include "fakes/random.hpp"
#include "impact/sampling/accumulator.hpp"

namespace impact {
namespace {

using namespace std::chrono_literals;

Channel perf_channel() {
  Channel c;
  c.scale = 0.001;
  c.own_zero = true;
  c.update_period = 1ms;
  return c;
}

// At t seconds a counter that was opened at `zero` J shows this: 100 W, or by the caller's own curve.
Reading at(double t_s, double joules, double zero_j = 0) {
  const Instant t = instant(static_cast<std::int64_t>(t_s * 1e9));
  return {0, Quality::measured, std::llround((joules - zero_j) * 1000), t, t};
}

TEST(CommonZero, TheFirstCarriesAndItsDifferencesStay) {
  CommonZero zero(perf_channel(), {instant(0), instant(0)});
  const auto first = zero.carried(0, at(1, 100));
  const auto second = zero.carried(0, at(2, 200));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->count - first->count, 100'000);
  EXPECT_FALSE(zero.carried(1, at(2.5, 250, 90)));
  EXPECT_EQ(zero.half_width(instant(0), instant(9'000'000'000)), 0.0);
}

TEST(CommonZero, TheNextGoesOnWhereTheCarrierEnded) {
  CommonZero zero(perf_channel(), {instant(20), instant(30), instant(40)});
  std::int64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    last = zero.carried(0, at(i, 100.0 * i))->count;
    EXPECT_FALSE(zero.carried(1, at(i + 0.3, 100 * (i + 0.3), 700)));
    EXPECT_FALSE(zero.carried(2, at(i + 0.6, 100 * (i + 0.6), -900)));
  }
  zero.leave(0);
  EXPECT_TRUE(zero.carries(2));  // it ends last
  const auto next = zero.carried(2, at(20.6, 2060, -900));
  ASSERT_TRUE(next);
  EXPECT_NEAR(static_cast<double>(next->count - last), 160'000, 1);
  // A power that does not change leaves the ticks' own error: 0.1 J of a tick, over the root of 19 samples.
  EXPECT_NEAR(zero.half_width(instant(0), instant(30'000'000'000)), 1.96 * 0.1 / std::sqrt(6.0 * 19), 1e-6);
  EXPECT_EQ(zero.half_width(instant(0), instant(18'000'000'000)), 0.0);
}

TEST(CommonZero, AnEdgeOfAnotherRecordIsAsWideAsItsDistanceIsUnknown) {
  CommonZero zero(perf_channel(), {instant(20), instant(30)});
  EXPECT_TRUE(zero.at_edge(0, at(0, 0)));
  EXPECT_FALSE(zero.at_edge(1, at(0.5, 50, 40)));  // its distance is not known yet
  zero.carried(0, at(1, 100));
  for (int i = 1; i < 10; ++i) {
    zero.carried(1, at(i + 0.5, 100 * (i + 0.5) + (i % 2 != 0 ? 2 : -2), 40));
    zero.carried(0, at(i + 1, 100.0 * (i + 1)));
  }
  const auto edge = zero.at_edge(1, at(10.25, 1025, 40));
  ASSERT_TRUE(edge);
  EXPECT_NEAR(static_cast<double>(edge->count - zero.at_edge(0, at(10.5, 1050))->count), -25'000, 1000);
  EXPECT_GT(edge->after - edge->before, 5ms);
  EXPECT_LT(edge->after - edge->before, 100ms);
}

TEST(CommonZero, NothingEverGoesBack) {
  CommonZero zero(perf_channel(), {instant(20), instant(30)});
  std::int64_t highest = 0;
  for (int i = 0; i < 50; ++i) {
    const double joules = 100.0 * i + (i % 3) * 20;  // the power is not even, so estimates err
    const auto own = zero.carried(0, at(i, joules));
    EXPECT_GE(own->count, highest);
    highest = own->count;
    if (const auto other = zero.at_edge(1, at(i + 0.1, joules + 1, 5))) {
      EXPECT_GE(other->count, highest);
      highest = other->count;
    }
  }
}

TEST(CommonZero, AfterATimeThatNobodyCoversItStepsBack) {
  CommonZero zero(perf_channel(), {instant(20), instant(30)});
  const auto before = zero.carried(0, at(1, 100));
  zero.leave(0);
  const auto after = zero.carried(1, at(5, 500, 450));
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->count, before->count - 1);  // what the accumulator takes for a reset: a gap
}

// A counter that begins anew, each process's at its own time: the step is a gap, what follows is counted, and the distance
// of another record from before it is forgotten.
TEST(CommonZero, ACounterThatBeginsAnewGoesOnAfterwards) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    fakes::Random random(seed);
    Channel channel = perf_channel();
    channel.max_power = Watts{1000};
    CommonZero zero(channel, {instant(400'000'000'000), instant(500'000'000'000)});
    Accumulator accumulator(std::array{channel}, 10s);
    const std::int64_t carriers = random.between(5, 50), others = random.between(5, 50);
    const double fall_j = static_cast<double>(random.between(20'000, 10'000'000));
    double covered_j = 0, before_j = 0;
    Instant last{};
    const auto add = [&](const std::optional<Reading>& reading) {
      if (!reading) return;
      accumulator.add(*reading);
      last = std::max(last, reading->after);
    };
    for (std::int64_t i = 0; i < 100; ++i) {
      const double t = static_cast<double>(i);
      const double joules = before_j + static_cast<double>(random.between(20, 200));
      if (i > 0 && i != carriers) covered_j += joules - before_j;
      before_j = joules;
      add(zero.carried(0, at(t, joules, 1'000 + (i >= carriers ? fall_j : 0))));
      add(zero.at_edge(1, at(t + 0.3, joules, 77 + (i >= others ? fall_j : 0))));
    }
    EXPECT_NEAR(accumulator.at(0, last)->value, covered_j, 250.0);  // the last edge is another record's
    EXPECT_EQ(accumulator.health(0).resets, 1U);
  }
}

}  // namespace
}  // namespace impact
