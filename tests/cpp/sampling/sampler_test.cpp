#include "impact/sampling/sampler.hpp"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>

#include "impact/sampling/schedule.hpp"

namespace impact {
namespace {

using namespace std::chrono_literals;

TEST(Schedule, StaysOnItsGridAndCountsWhatItMisses) {
  const Instant origin = instant(1'000'000'000);
  Schedule schedule{origin, 100ms, origin};
  EXPECT_TRUE(schedule.due(origin));
  EXPECT_EQ(schedule.advance(origin + 3ms), 0U);
  EXPECT_EQ(schedule.next(), origin + 100ms);
  EXPECT_FALSE(schedule.due(origin + 99ms));
  EXPECT_EQ(schedule.advance(origin + 450ms), 3U);  // the deadlines at 200, 300 and 400 ms: no burst makes up for them
  EXPECT_EQ(schedule.next(), origin + 500ms);
}

class FakeSource final : public Source {
 public:
  explicit FakeSource(Duration latency = 0ms) { channels_[0].latency = latency; }
  std::span<const Channel> channels() const noexcept override { return channels_; }
  void read(Sink& out) noexcept override {
    const Instant now = system_clock().now();
    out.put({0, Quality::measured, ++count_, now, now});
  }
  std::vector<Channel> channels_{1};

 private:
  std::int64_t count_ = 0;
};

class Collector final : public Consumer {
 public:
  void on_readings(std::uint32_t slot, std::span<const Reading> readings) noexcept override {
    const std::lock_guard lock(mutex_);
    slot_ = slot;
    count_ += readings.size();
    changed_.notify_all();
  }
  bool wait_for(std::size_t readings) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return count_ >= readings; });
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  std::uint32_t slot_ = 0;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
};

TEST(Sampler, TheFirstRoundComesAtOnceAndOthersFollow) {
  Sampler sampler;
  const auto consumer = std::make_shared<Collector>();
  sampler.subscribe(consumer, std::vector<Subscription>{{std::make_shared<FakeSource>(), 2ms, 7}});
  EXPECT_TRUE(consumer->wait_for(5));
  EXPECT_EQ(consumer->slot_, 7U);
  sampler.unsubscribe(consumer.get());
  const std::size_t before = consumer->count();
  EXPECT_EQ(consumer->count(), before);  // the thread has ended
  EXPECT_EQ(consumer.use_count(), 1);
  EXPECT_GE(sampler.stats().rounds, 4U);
}

TEST(Sampler, TwoConsumersShareASource) {
  Sampler sampler;
  const auto source = std::make_shared<FakeSource>();
  const auto hasty = std::make_shared<Collector>();
  const auto slow = std::make_shared<Collector>();
  sampler.subscribe(slow, std::vector<Subscription>{{source, 1h, 0}});
  sampler.subscribe(hasty, std::vector<Subscription>{{source, 1ms, 0}});
  EXPECT_TRUE(slow->wait_for(1));
  EXPECT_TRUE(hasty->wait_for(20));
  EXPECT_LE(slow->count(), 2U);
  sampler.unsubscribe(slow.get());
  EXPECT_TRUE(hasty->wait_for(hasty->count() + 5));
  sampler.unsubscribe(hasty.get());
}

// A source that says when it is let go.
class RestingSource final : public Source {
 public:
  RestingSource() { channels_[0].latency = 2s; }
  std::span<const Channel> channels() const noexcept override { return channels_; }
  void read(Sink& out) noexcept override { out.put({0, Quality::measured, 1, instant(1), instant(2)}); }
  void rest() noexcept override {
    const std::lock_guard lock(mutex_);
    ++rests_;
    rested_.notify_all();
  }
  bool wait_for_rests(int rests) {
    std::unique_lock lock(mutex_);
    return rested_.wait_for(lock, 20s, [&] { return rests_ >= rests; }) && rests_ == rests;
  }

 private:
  std::vector<Channel> channels_{1};
  std::mutex mutex_;
  std::condition_variable rested_;
  int rests_ = 0;
};

TEST(Sampler, ASlowSourceRestsWhenItsLastConsumerLeaves) {
  Sampler sampler;
  const auto source = std::make_shared<RestingSource>();
  const auto one = std::make_shared<Collector>();
  const auto other = std::make_shared<Collector>();
  for (int round = 1; round <= 2; ++round) {
    sampler.subscribe(one, std::vector<Subscription>{{source, 1h, 0}});
    sampler.subscribe(other, std::vector<Subscription>{{source, 1ms, 0}});
    EXPECT_TRUE(other->wait_for(other->count() + 3));
    sampler.unsubscribe(one.get());
    EXPECT_TRUE(other->wait_for(other->count() + 3));
    EXPECT_TRUE(source->wait_for_rests(round - 1));
    sampler.unsubscribe(other.get());
    EXPECT_TRUE(source->wait_for_rests(round));
  }
}

// A source that blocks, as a BMC does, delays no other reading.
class BlockingSource final : public Source {
 public:
  BlockingSource() { channels_[0].latency = 2s; }
  std::span<const Channel> channels() const noexcept override { return channels_; }
  void read(Sink&) noexcept override {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [this] { return free_; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    free_ = true;
    released_.notify_all();
  }

 private:
  std::vector<Channel> channels_{1};
  std::mutex mutex_;
  std::condition_variable released_;
  bool free_ = false;
};

TEST(Sampler, ASlowSourceDelaysNoOther) {
  const auto blocking = std::make_shared<BlockingSource>();
  const auto consumer = std::make_shared<Collector>();
  Sampler sampler;
  sampler.subscribe(consumer, std::vector<Subscription>{{blocking, 1ms, 0}, {std::make_shared<FakeSource>(), 1ms, 1}});
  EXPECT_TRUE(consumer->wait_for(20));
  sampler.unsubscribe(consumer.get());  // returns although the slow one still blocks
  blocking->release();
}

TEST(Sampler, ACounterIsReadOftenEnoughForItsWraps) {
  FakeSource source;
  source.channels_[0].range = 400'000'000;
  source.channels_[0].scale = 1e-6;
  source.channels_[0].max_power = Watts{1'000};
  EXPECT_EQ(sampling_period(source, 1s), 160ms);
  EXPECT_EQ(sampling_period(source, 10ms), 10ms);
  source.channels_[0].range = 0;
  source.channels_[0].longest_pause = 25s;
  EXPECT_EQ(sampling_period(source, 1h), 25s);
  EXPECT_EQ(sampling_period(source, 1s), 1s);
  source.channels_[0].longest_pause = 0s;
  source.channels_[0].update_period = 5s;
  EXPECT_EQ(sampling_period(source, 1s), 5s);
}

}  // namespace
}  // namespace impact
