#include "impact/host/clock.hpp"

#include <gtest/gtest.h>

namespace impact {
namespace {

using namespace std::chrono_literals;

class SleepyClock final : public Clock {
 public:
  Instant now() const noexcept override { return awake += held_up; }
  std::int64_t utc_ns() const noexcept override { return 0; }
  std::int64_t boot_ns() const noexcept override { return nanoseconds(awake) + asleep.count(); }
  mutable Instant awake{5s};
  Duration held_up = 30ns;
  Duration asleep = 90s;  // before the first look: no matter
};

TEST(SuspendWatch, ASleepLiesBetweenTwoLooks) {
  SleepyClock clock;
  SuspendWatch watch;
  EXPECT_FALSE(watch.look(clock));
  clock.awake += 1s;
  EXPECT_FALSE(watch.look(clock));
  const Instant before = clock.awake;
  clock.awake += 100ms;
  clock.asleep += 3600s;
  const auto sleep = watch.look(clock);
  ASSERT_TRUE(sleep);
  EXPECT_LE(sleep->from, before);
  EXPECT_LE(sleep->to, clock.awake);
  EXPECT_GE(sleep->to, before + 100ms);
  EXPECT_NEAR(seconds(sleep->asleep), 3600.0, 1e-3);
  EXPECT_FALSE(watch.look(clock));
}

TEST(SuspendWatch, AThreadThatIsHeldUpBetweenTheClocksDidNotSleep) {
  SleepyClock clock;
  SuspendWatch watch;
  (void)watch.look(clock);
  for (const Duration held_up : std::initializer_list<Duration>{5s, 10ns, 700ms, 0ns, 5s}) {
    clock.held_up = held_up;
    EXPECT_FALSE(watch.look(clock));
  }
}

TEST(SuspendWatch, AClockThatCannotSleepNeverDid) {
  struct Plain final : Clock {
    Instant now() const noexcept override { return instant(time += 22); }
    std::int64_t utc_ns() const noexcept override { return 0; }
    mutable std::int64_t time = 0;
  };
  const Plain clock;
  SuspendWatch watch;
  for (int i = 0; i < 10; ++i, clock.time += 1'000'000'000) EXPECT_FALSE(watch.look(clock));
  SuspendWatch machine;
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(machine.look(system_clock()));
}

}  // namespace
}  // namespace impact
