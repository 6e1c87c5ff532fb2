#include "fakes/virtual_counter.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace impact::fakes {
namespace {

constexpr std::int64_t kMs = 1'000'000;

TEST(TickingCounter, HoldsTheCurvesEnergyOfItsLastTick) {
  for (const char* text : {"constant:100", "square:20:180:50ms", "sine:100:80:30ms"}) {
    const TickingCounter counter{Curve::parse(text), {.jitter_ns = 20'000, .unit_j = 1e-6, .seed = 7}};
    for (std::int64_t t = 0; t < 300 * kMs; t += 333'333) {
      const std::int64_t tick = counter.latched_at(t);
      ASSERT_LE(tick, t);
      ASSERT_GT(tick, t - kMs - 40'000);
      ASSERT_NEAR(static_cast<double>(counter.raw_at(t)) * 1e-6,
                  counter.curve().energy_j(0, std::max<std::int64_t>(tick, 0)), 1e-6);
    }
  }
}

TEST(TickingCounter, DifferencesAreTheIntegralBetweenTicks) {
  const TickingCounter counter{Curve::parse("sine:100:80:30ms"),
                               {.jitter_ns = 100'000, .unit_j = 61.035e-6, .start_j = 1234.5}};
  for (std::int64_t k = 5; k < 200; ++k) {
    const std::int64_t a = counter.tick_time(k), b = counter.tick_time(k + 9);
    const double counted = static_cast<double>(counter.raw_at(b) - counter.raw_at(a)) * 61.035e-6;
    ASSERT_NEAR(counted, counter.curve().energy_j(a, b), 61.035e-6);
  }
}

TEST(TickingCounter, JitterStaysInItsBoundsAndTimesRise) {
  const TickingCounter counter{Curve::constant(1), {.jitter_ns = 499'999}};
  double sum_of_squares = 0;
  for (std::int64_t k = -1000; k < 1000; ++k) {
    const std::int64_t off = counter.tick_time(k) - k * kMs;
    ASSERT_LE(std::abs(off), 499'999);
    ASSERT_LT(counter.tick_time(k), counter.tick_time(k + 1));
    sum_of_squares += static_cast<double>(off) * static_cast<double>(off);
  }
  EXPECT_NEAR(std::sqrt(sum_of_squares / 2000), 500'000 / std::sqrt(3.0), 10'000);
}

TEST(TickingCounter, Wraps) {
  const TickingCounter counter{Curve::constant(100), {.unit_j = 1e-3, .range = 400'000}};  // every 4 s
  EXPECT_EQ(counter.raw_at(3'999 * kMs), 399'900U);
  EXPECT_EQ(counter.raw_at(4'000 * kMs), 0U);
  EXPECT_EQ(counter.raw_at(10'000 * kMs), 200'000U);
  EXPECT_EQ(counter.counts_at(10'000 * kMs), 1'000'000U);
}

TEST(TickingCounter, AFrozenSpanIsCaughtUpByTheNextTick) {
  const TickingCounter counter{Curve::constant(100), {.unit_j = 1e-3, .frozen = {{10 * kMs, 50 * kMs}}}};
  EXPECT_EQ(counter.raw_at(49 * kMs), counter.raw_at(9 * kMs));
  EXPECT_EQ(counter.raw_at(50 * kMs), 5'000U);
}

TEST(TickingCounter, RefusesJitterThatWouldReorderTicks) {
  EXPECT_THROW(TickingCounter(Curve::constant(1), {.jitter_ns = kMs / 2}), std::invalid_argument);
}

TEST(VirtualCounter, EachReadTakesItsTime) {
  VirtualCounter counter{Curve::constant(100), {.unit_j = 1e-6}, {.delay_min_ns = 500, .delay_max_ns = 5'000}};
  std::int64_t now = 1'000 * kMs;
  std::int64_t shortest = 1'000'000, longest = 0;
  for (int i = 0; i < 5'000; ++i) {
    const CounterRead read = counter.read(now);
    ASSERT_EQ(read.after_ns, now);
    shortest = std::min(shortest, read.after_ns - read.before_ns);
    longest = std::max(longest, read.after_ns - read.before_ns);
    ASSERT_GE(*read.raw, counter.counter().raw_at(read.before_ns));
    ASSERT_LE(*read.raw, counter.counter().raw_at(read.after_ns));
  }
  EXPECT_GE(shortest, 500);
  EXPECT_LT(shortest, 520);
  EXPECT_LE(longest, 5'000);
  EXPECT_GT(longest, 4'980);
}

TEST(VirtualCounter, TheSameSeedGivesTheSameReads) {
  VirtualCounter a{Curve::constant(3), {}, {.delay_max_ns = 9'000, .seed = 5}},
      b{Curve::constant(3), {}, {.delay_max_ns = 9'000, .seed = 5}};
  std::int64_t now_a = 0, now_b = 0;
  for (int i = 0; i < 100; ++i) a.read(now_a), b.read(now_b);
  EXPECT_EQ(now_a, now_b);
}

TEST(VirtualCounter, FailsInItsWindowsAndStandsStillInStalls) {
  VirtualCounter counter{Curve::constant(1), {}, {.failures = {{5 * kMs, 6 * kMs}}, .stalls = {{10 * kMs, 30 * kMs}}}};
  std::int64_t now = 5 * kMs;
  EXPECT_FALSE(counter.read(now).raw.has_value());
  now = 6 * kMs;
  EXPECT_TRUE(counter.read(now).raw.has_value());
  now = 10 * kMs - 100;
  const CounterRead across = counter.read(now);
  EXPECT_EQ(across.after_ns, 30 * kMs + 400);
  now = 15 * kMs;
  EXPECT_EQ(counter.read(now).after_ns, 30 * kMs + 500);
}

}  // namespace
}  // namespace impact::fakes
