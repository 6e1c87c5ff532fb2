#include "impact/host/clock.hpp"

#include <gtest/gtest.h>

#include <vector>

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

// UTC is the monotonic time plus a constant; the thread is held up now and then between two looks at a clock.
class BusyClock final : public Clock {
 public:
  static constexpr std::int64_t kBoot = 1'700'000'000'000'000'000;
  Instant now() const noexcept override { return pass(); }
  std::int64_t utc_ns() const noexcept override { return kBoot + nanoseconds(pass()); }
  mutable std::size_t looks = 0;
  std::vector<Duration> held_up;  // before each look

 private:
  Instant pass() const { return time_ += held_up[looks++ % held_up.size()] + 30ns; }
  mutable Instant time_{7s};
};

TEST(Clock, UtcOfAnInstantIsRightThoughTheThreadIsHeldUp) {
  for (const std::vector<Duration>& held_up : std::initializer_list<std::vector<Duration>>{
           {0ns}, {0ns, 80ms, 0ns, 0ns}, {0ns, 0ns, 80ms, 0ns}, {3s, 0ns, 0ns}, {0ns, 1s, 0ns, 0ns, 0ns, 0ns, 1s}}) {
    BusyClock clock;
    clock.held_up = held_up;
    const Instant begin{5s};  // opening sensors may take seconds after the record's start
    EXPECT_NEAR(static_cast<double>(utc_ns_at(begin, clock) - BusyClock::kBoot - nanoseconds(begin)), 0.0, 1000.0);
  }
}

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
