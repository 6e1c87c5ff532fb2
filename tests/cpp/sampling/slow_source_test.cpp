// A controller that takes two seconds for an answer holds up nobody but itself.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "impact/sampling/sampler.hpp"

namespace impact {
namespace {

using namespace std::chrono_literals;

class Timed final : public Source {
 public:
  Timed(const char* name, Duration takes) : takes_(takes) {
    channel_.id = name;
    channel_.kind = Kind::gauge;
    channel_.unit = Unit::watt;
    channel_.latency = takes > 1ms ? Duration{3s} : Duration{100us};
  }
  std::span<const Channel> channels() const noexcept override { return {&channel_, 1}; }
  void read(Sink& out) noexcept override {
    const Instant before = system_clock().now();
    if (takes_ > 1ms) std::this_thread::sleep_for(takes_);
    out.put({0, Quality::measured, 1, before, system_clock().now()});
  }

 private:
  Duration takes_;
  Channel channel_;
};

class Diary final : public Consumer {
 public:
  void on_readings(std::uint32_t slot, std::span<const Reading> readings) noexcept override {
    const std::lock_guard lock(mutex_);
    for (const Reading& r : readings) times_[slot].push_back(r.after);
  }
  std::vector<Instant> of(std::uint32_t slot) {
    const std::lock_guard lock(mutex_);
    return times_[slot];
  }

 private:
  std::mutex mutex_;
  std::map<std::uint32_t, std::vector<Instant>> times_;
};

// Two slow ones (a DCMI answer of 2 s, a web service of 1 s) beside a fast one at 20 Hz.
TEST(SlowSource, DelaysNoOtherReading) {
  const auto diary = std::make_shared<Diary>();
  const std::vector<Subscription> subscriptions{{std::make_shared<Timed>("fast", 0ms), 50ms, 0},
                                                {std::make_shared<Timed>("dcmi", 2s), 50ms, 1},
                                                {std::make_shared<Timed>("web", 1s), 50ms, 2},
                                                {std::make_shared<Timed>("fast too", 0ms), 50ms, 3}};
  Sampler::shared().subscribe(diary, subscriptions);
  std::this_thread::sleep_for(4200ms);
  Sampler::shared().unsubscribe(diary.get());
  for (const std::uint32_t fast : {0U, 3U}) {
    const std::vector<Instant> times = diary->of(fast);
    ASSERT_GE(times.size(), 70U);  // of 84: a busy machine may miss some
    Duration longest{0};
    for (std::size_t i = 1; i < times.size(); ++i) longest = std::max<Duration>(longest, times[i] - times[i - 1]);
    EXPECT_LT(longest, 500ms);  // held up by a controller it would be 2 s
  }
  EXPECT_EQ(diary->of(1).size(), 2U);
  EXPECT_GE(diary->of(2).size(), 3U);
}

}  // namespace
}  // namespace impact
