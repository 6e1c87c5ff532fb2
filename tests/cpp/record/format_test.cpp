#include "impact/record/format.hpp"

#include <gtest/gtest.h>

#include "cpp/record/sample_record.hpp"

namespace impact {
namespace {

using record_test::kStart;

Reading between(std::int64_t before_ns, std::int64_t after_ns) {
  return {3, Quality::measured, 7, kStart + Duration{before_ns}, kStart + Duration{after_ns}};
}

TEST(Quantised, KeepsTheTruthInsideWholeMicrosecondsFromTheStart) {
  const Reading r = quantised(between(1'500, 2'001), kStart);
  EXPECT_EQ((r.before - kStart).count(), 1'000);
  EXPECT_EQ((r.after - kStart).count(), 3'000);
  const Reading earlier = quantised(between(-1'500, -999), kStart);
  EXPECT_EQ((earlier.before - kStart).count(), -2'000);
  EXPECT_EQ((earlier.after - kStart).count(), 0);
  EXPECT_EQ(r.count, 7);
  EXPECT_EQ(r.channel, 3U);
}

TEST(Quantised, TwiceIsOnce) {
  fakes::Random random(1);
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t before = random.between(-5'000'000, 5'000'000);
    const Reading once = quantised(between(before, before + random.between(0, 5000)), kStart);
    const Reading twice = quantised(once, kStart);
    EXPECT_EQ(once.before, twice.before);
    EXPECT_EQ(once.after, twice.after);
  }
}

TEST(Quantised, TimesOutOfReachStayAsTheyAre) {
  const Instant never = instant(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(quantised({0, Quality::measured, 1, never, never}, kStart).before, never);
}

TEST(QuantiseRound, GivesAllTheTimesOfTheWhole) {
  std::vector<Reading> round{between(1'200, 1'700), between(1'750, 2'300), between(2'400, 3'100)};
  for (std::uint32_t i = 0; i < 3; ++i) round[i].channel = i;
  quantise(round, kStart);
  for (const Reading& r : round) {
    EXPECT_EQ((r.before - kStart).count(), 1'000);
    EXPECT_EQ((r.after - kStart).count(), 4'000);
  }
}

TEST(QuantiseRound, SeveralReadingsOfAChannelKeepTheirTimes) {  // a driver's ring, a late series
  std::vector<Reading> round{between(-200'000'500, -200'000'500), between(-100'000'000, -100'000'000),
                             between(1'750, 2'300)};
  quantise(round, kStart);
  EXPECT_EQ((round[0].before - kStart).count(), -200'001'000);
  EXPECT_EQ((round[1].before - kStart).count(), -100'000'000);
  EXPECT_EQ((round[2].after - kStart).count(), 3'000);
}

TEST(QuantiseRound, AnswersOneAfterTheOtherKeepTheirTimes) {  // a controller that is asked three things
  std::vector<Reading> round{between(0, 40'000'000), between(40'000'000, 90'000'000)};
  round[1].channel = 1;
  quantise(round, kStart);
  EXPECT_EQ((round[0].after - kStart).count(), 40'000'000);
  EXPECT_EQ((round[1].before - kStart).count(), 40'000'000);
}

}  // namespace
}  // namespace impact
