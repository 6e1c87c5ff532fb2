#include "impact/sources/window_inverter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "fakes/curve.hpp"

namespace impact {
namespace {

using fakes::Curve;
using namespace std::chrono_literals;

constexpr std::int64_t kMs = 1'000'000;

TEST(WindowInverter, AStepComesBackSharp) {
  const Curve curve = Curve::parse("steps:60@0s:300@5s:100@9s");
  WindowInverter inverter{1s};
  for (std::int64_t t = 2000 * kMs; t <= 12'000 * kMs; t += 100 * kMs) {
    const auto stretch = inverter.add(instant(t), curve.mean_w(t - 1000 * kMs, t));
    if (!stretch) continue;
    EXPECT_EQ(nanoseconds(stretch->to), t);
    // A twentieth is drawn to the mean; the mean itself is a second late.
    EXPECT_NEAR(stretch->power_w, curve.mean_w(t - 100 * kMs, t), 0.11 * 240) << t;
  }
}

TEST(WindowInverter, TheSumIsRightWhateverTheShape) {
  const Curve curve = Curve::parse("square:60:350:730ms");
  WindowInverter inverter{1s};
  std::mt19937_64 random{5};
  double sum = 0;
  std::int64_t first = 0, last = 0;
  for (std::int64_t t = 3000 * kMs; t < 33'000 * kMs;
       t += 60 * kMs + static_cast<std::int64_t>(random() % (80 * kMs))) {
    const auto stretch = inverter.add(instant(t), curve.mean_w(t - 1000 * kMs, t));
    if (!stretch) continue;
    if (first == 0) first = nanoseconds(stretch->from);
    last = nanoseconds(stretch->to);
    sum += stretch->power_w * seconds(stretch->to - stretch->from);
  }
  const double truth = curve.energy_j(first, last);
  EXPECT_NEAR(sum, truth, 0.01 * truth);
}

TEST(WindowInverter, NoiseDoesNotPileUp) {
  WindowInverter inverter{1s};
  std::mt19937_64 random{7};
  std::normal_distribution<double> noise{0, 0.5};
  double square_early = 0, square_late = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto stretch = inverter.add(instant((10 + i) * 100 * kMs), 200 + noise(random));
    if (!stretch) continue;
    const double off = stretch->power_w - 200;
    (i < 300 ? square_early : square_late) += off * off / (i < 300 ? 300 : 2700);
  }
  EXPECT_LT(std::sqrt(square_late), 60);
  EXPECT_LT(square_late, 8 * square_early + 100);
}

TEST(WindowInverter, AGapBeginsAnew) {
  WindowInverter inverter{1s};
  EXPECT_FALSE(inverter.add(instant(0), 100));
  EXPECT_FALSE(inverter.add(instant(0), 100));
  EXPECT_FALSE(inverter.add(instant(-5 * kMs), 100));
  const auto after = inverter.add(instant(60'000 * kMs), 250);
  ASSERT_TRUE(after);
  EXPECT_EQ(nanoseconds(after->from), 59'000 * kMs);
  EXPECT_DOUBLE_EQ(after->power_w, 250);
  const auto late = inverter.add(instant(61'001 * kMs), 251);  // a millisecond more than the window: no gap
  ASSERT_TRUE(late);
  EXPECT_EQ(nanoseconds(late->from), 60'000 * kMs);
}

}  // namespace
}  // namespace impact
