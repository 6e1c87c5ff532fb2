#include "impact/sampling/region_energy.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace impact {
namespace {

constexpr double kLength_s = 1.0, kMean_w = 100.0, kHigh_w = 180.0, kLow_w = 20.0;

Instant at(double s) { return instant(std::llround(s * 1e9)); }

Channel counter() {
  Channel c;
  c.scale = 1e-6;
  c.update_period = std::chrono::milliseconds{1};
  return c;
}

EdgePoint tick(double s, double joules, double watts) {
  EdgePoint point;
  point.position.counts = std::llround(joules * 1e6);
  point.time = at(s);
  point.spread_s = 1e-5;
  point.ticked = true;
  point.local_power = watts;
  point.tick_s = 1e-3;
  return point;
}

// A region of 100 J whose last tick comes `late_s` after its end: 180 W flow until then, and the tick itself says 20 W.
ChannelResult with_a_tick_after(double late_s) {
  const EdgePoint enter = tick(0.0, 0.0, kMean_w);
  const EdgePoint exit = tick(kLength_s + late_s, kMean_w * kLength_s + kHigh_w * late_s, kLow_w);
  return counter_energy(counter(), enter, exit, at(0.0), at(kLength_s), kMean_w);
}

TEST(CounterEnergy, ATickThatComesLateDoesNotTellThePowerOfTheWholeWait) {
  for (const double late_s : {0.005, 0.022, 0.1}) {
    const ChannelResult late = with_a_tick_after(late_s);
    const double error = std::abs(late.value - kMean_w * kLength_s);
    EXPECT_NEAR(error, (kHigh_w - kLow_w) * late_s, 1e-6);
    EXPECT_LT(error, 3 * late.half_width) << late_s;
  }
}

TEST(CounterEnergy, ATickInTimeIsAsSharpAsBefore) {
  EXPECT_LT(with_a_tick_after(0.0005).half_width, 0.01);
  EXPECT_LT(with_a_tick_after(0.002).half_width, 0.03);
}

}  // namespace
}  // namespace impact
