#include "impact/sampling/accumulator.hpp"

#include <gmock/gmock.h>

#include <array>

namespace impact {
namespace {

using namespace std::chrono_literals;

Channel counter(std::uint64_t range = 0, double max_w = 0.0) {
  Channel c;
  c.scale = 1e-6;
  c.range = range;
  c.max_power = Watts{max_w};
  c.update_period = 1ms;
  return c;
}

Channel gauge() {
  Channel c;
  c.kind = Kind::gauge;
  c.unit = Unit::watt;
  c.scale = 1e-3;
  return c;
}

Instant at(double s) { return instant(static_cast<std::int64_t>(s * 1e9)); }
Reading reading(double s, std::int64_t count) { return {0, Quality::measured, count, at(s), at(s)}; }
Reading failed(double s) { return Reading::missing(0, at(s), at(s)); }

struct Fed {
  explicit Fed(const Channel& channel, Duration bridge = 10s) : accumulator(std::array{channel}, bridge) {}
  Fed& operator<<(const Reading& r) {
    accumulator.add(r);
    last = r;
    return *this;
  }
  double joules() const { return accumulator.at(last)->value; }
  Accumulator accumulator;
  Reading last;
};

TEST(Accumulator, CountersAreDifferenced) {
  Fed fed{counter()};
  fed << reading(0, 5'000'000) << reading(1, 105'000'000) << reading(2, 205'000'000);
  EXPECT_DOUBLE_EQ(fed.joules(), 200.0);
}

TEST(Accumulator, AWrapIsUndone) {
  Fed fed{counter(400'000'000, 500)};  // 400 J
  fed << reading(0, 350'000'000) << reading(0.5, 0) << reading(1, 50'000'000);
  EXPECT_DOUBLE_EQ(fed.joules(), 100.0);
  EXPECT_EQ(fed.accumulator.health(0).wraps, 1U);
}

TEST(Accumulator, AStepBackThatNoPowerExplainsIsAResetAndAGap) {
  Fed fed{counter(262'143'328'850, 500)};
  fed << reading(0, 1'000'000'000) << reading(1, 1'100'000'000) << reading(2, 3'000'000) << reading(3, 103'000'000);
  EXPECT_DOUBLE_EQ(fed.joules(), 200.0);  // the second between is not known, and not invented
  EXPECT_EQ(fed.accumulator.health(0).resets, 1U);
  EXPECT_EQ(fed.accumulator.health(0).gap, 1s);
  EXPECT_EQ(fed.accumulator.at(fed.last)->gap, 1s);
}

TEST(Accumulator, ACounterThatNeverWrapsRebasesWhenItGoesBack) {
  Fed fed{counter(0, 700)};
  fed << reading(0, 900'000'000) << reading(1, 1'000) << reading(2, 100'001'000);
  EXPECT_DOUBLE_EQ(fed.joules(), 100.0);
  EXPECT_EQ(fed.accumulator.health(0).resets, 1U);
}

TEST(Accumulator, AJumpForwardBeyondAllPowerIsNoEnergy) {
  Fed fed{counter(262'143'328'850, 500)};
  fed << reading(0, 0) << reading(1, 100'000'000) << reading(2, 200'000'000'000);
  EXPECT_DOUBLE_EQ(fed.joules(), 100.0);
}

// One failed read and a correction for the wrap made 212 kJ out of nothing in another tool.
TEST(Accumulator, AFailedReadIsBridgedByTheCounter) {
  Fed fed{counter(262'143'328'850, 500)};
  fed << reading(0, 50'000'000'000) << failed(1) << failed(2) << reading(3, 50'300'000'000);
  EXPECT_DOUBLE_EQ(fed.joules(), 300.0);
  EXPECT_EQ(fed.accumulator.health(0).failures, 2U);
  EXPECT_EQ(fed.accumulator.health(0).gap, 0s);
}

TEST(Accumulator, MoreThanOnePossibleWrapIsMarkedAndTheLikelierChosen) {
  Fed fed{counter(400'000'000, 500)};
  fed << reading(0, 0) << reading(0.5, 50'000'000) << reading(1, 100'000'000);
  fed << reading(11, 300'000'000);  // 200 J, 600, 1000, 1400 …: at 100 W it was 1000
  EXPECT_DOUBLE_EQ(fed.joules(), 1'100.0);
  EXPECT_EQ(fed.accumulator.health(0).ambiguous, 1U);
  EXPECT_DOUBLE_EQ(fed.accumulator.at(fed.last)->ambiguity, 400.0);
}

TEST(Accumulator, AnOlderReadingOfAnotherThreadIsPlacedAndChangesNothing) {
  Fed fed{counter(400'000'000, 500)};
  fed << reading(0, 390'000'000) << reading(0.2, 10'000'000);
  const Reading older = reading(0.15, 5'000'000);
  const Reading before_the_wrap = reading(0.05, 395'000'000);
  EXPECT_DOUBLE_EQ(fed.accumulator.at(older)->value, 15.0);
  EXPECT_DOUBLE_EQ(fed.accumulator.at(before_the_wrap)->value, 5.0);
  fed.accumulator.add(older);
  EXPECT_DOUBLE_EQ(fed.accumulator.at(reading(0.2, 10'000'000))->value, 20.0);
}

// Two threads read at once on a busy machine: one read takes 23 ms, and its middle says nothing about the order.
TEST(Accumulator, ReadsThatOverlapAreNoWrapsAndNoResets) {
  Fed fed{counter(262'143'328'850, 752)};
  const auto wide = [](double from, double to, std::int64_t count) {
    return Reading{0, Quality::measured, count, at(from), at(to)};
  };
  fed << wide(0.0006, 0.0236, 1'263'099'976) << wide(0.0236, 0.0436, 1'265'499'995);
  const Reading narrow = wide(0.0275, 0.0277, 1'265'799'982);  // earlier by its middle, later by its value
  ASSERT_TRUE(fed.accumulator.at(narrow).has_value());
  EXPECT_NEAR(fed.accumulator.at(narrow)->value, 2.700'006, 1e-6);
  fed << wide(0.030, 0.080, 1'265'600'000) << wide(0.031, 0.090, 1'265'550'000);  // the later one took its value first
  EXPECT_EQ(fed.accumulator.health(0).resets, 0U);
  EXPECT_EQ(fed.accumulator.health(0).gap, 0s);
  EXPECT_NEAR(fed.accumulator.at(fed.last)->value, 2.450'024, 1e-6);
}

TEST(Accumulator, AllBitsOfA64BitCounterCount) {
  Fed fed{counter()};
  const auto top = static_cast<std::int64_t>(0xFFFF'FFFF'FFFF'0000ULL);
  fed << reading(0, top) << reading(1, top + 0xF000);
  EXPECT_DOUBLE_EQ(fed.joules(), 0xF000 * 1e-6);
}

TEST(Accumulator, GaugesAreIntegratedOnTheirOwnTimes) {
  Fed fed{gauge()};
  fed << reading(0, 100'000) << reading(1, 200'000) << reading(1.5, 200'000);
  EXPECT_DOUBLE_EQ(fed.accumulator.at(0, at(1.5))->value, 250.0);
  EXPECT_DOUBLE_EQ(fed.accumulator.at(0, at(2.5))->value, 450.0);  // held
}

TEST(Accumulator, AGaugeDoesNotBridgeAFailedReadNorALongPause) {
  Fed fed{gauge(), 3s};
  fed << reading(0, 100'000) << failed(1) << reading(2, 100'000) << reading(3, 100'000) << reading(13, 100'000);
  EXPECT_DOUBLE_EQ(fed.accumulator.at(0, at(13))->value, 100.0);
  EXPECT_EQ(fed.accumulator.health(0).gap, 12s);
}

TEST(Accumulator, AnAveragedGaugeCountsAtTheMiddleOfItsWindow) {
  Channel c = gauge();
  c.window = 1s;
  Fed fed{c};
  fed << reading(1, 100'000) << reading(2, 100'000);
  EXPECT_EQ(fed.accumulator.last_time(0), at(1.5));
}

TEST(Accumulator, ASensorThatComesLateTellsNothingOfTheTimeBefore) {
  Fed counted{counter()};
  counted << failed(1) << reading(30, 5'000'000);
  EXPECT_EQ(counted.accumulator.at(0, at(0))->gap, -30s);
  counted << reading(40, 105'000'000);
  EXPECT_DOUBLE_EQ(counted.joules(), 100.0);
}

TEST(Accumulator, NothingReadIsNoPosition) {
  Fed fed{counter()};
  fed << failed(0);
  EXPECT_FALSE(fed.accumulator.at(0, at(0)).has_value());
  EXPECT_FALSE(fed.accumulator.at(failed(0)).has_value());
}

TEST(Accumulator, ALostCounterTellsNothingOfTheTimeAfterIt) {
  Fed fed{counter(), 3s};
  fed << reading(0, 0) << reading(1, 100'000'000) << failed(2);
  EXPECT_DOUBLE_EQ(fed.accumulator.at(0, at(3))->value, 300.0);  // it may be back with the next read
  EXPECT_EQ(fed.accumulator.at(0, at(3))->gap, 0s);
  fed << failed(3) << failed(9);
  EXPECT_DOUBLE_EQ(fed.accumulator.at(0, at(10))->value, 100.0);
  EXPECT_EQ(fed.accumulator.at(0, at(10))->gap, 9s);
  fed << reading(11, 1'100'000'000);  // and was: it counted on
  EXPECT_DOUBLE_EQ(fed.accumulator.at(0, at(11))->value, 1100.0);
  EXPECT_EQ(fed.accumulator.at(0, at(11))->gap, 0s);
}

// A controller that does not answer: its last power is not that of the hour since.
TEST(Accumulator, AReadThatHangsTellsNothingOfTheTimeAfterIt) {
  Channel bmc = gauge();
  bmc.latency = 3s;
  Channel slow = counter();  // read by a thread of its own
  slow.quality = Quality::measured;
  Channel memory = gauge();
  memory.unit = Unit::byte;
  Accumulator a(std::vector{bmc, slow, memory}, 3s);
  for (int s = 0; s <= 10; ++s) {
    for (std::uint32_t c = 0; c < 3; ++c) a.add({c, Quality::measured, 200 * (c == 1 ? s : 1), at(s), at(s)});
  }
  for (std::uint32_t c = 0; c < 2; ++c) {
    EXPECT_EQ(a.at(c, at(12))->gap, Duration{0}) << c;  // no reading could have come yet
    EXPECT_EQ(a.at(c, at(3610))->gap, 3600s) << c;
    EXPECT_DOUBLE_EQ(a.at(c, at(3610))->value, a.at(c, at(10))->value) << c;
  }
  EXPECT_EQ(a.at(2, at(3610))->gap, Duration{0});  // how much memory was in use is no energy
}

TEST(Accumulator, ACounterThatWasReadOnceHasNoRate) {
  Fed fed{counter(), 3s};
  fed << reading(1, 100'000'000);
  EXPECT_EQ(fed.accumulator.at(0, at(0.5))->gap, 0s);
  EXPECT_EQ(fed.accumulator.at(0, at(1.5))->gap, 500ms);
}

}  // namespace
}  // namespace impact
