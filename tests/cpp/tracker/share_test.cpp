// Whose energy, through the whole tracker: recorded, replayed, said where it is not known.

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "impact/tracker/json.hpp"
#include "impact/tracker/replay.hpp"
#include "machine.hpp"

namespace impact {
namespace {

using testing::SizeIs;

// Process 10 of a machine with one CPU, whose times the test sets, in hundredths of a second.
class SharedMachine : public test::Machine {
 protected:
  SharedMachine() { used(100, 500); }

  void used(int own, int all) const {
    put("proc/10/stat", "10 (train) S 1 1 1 0 -1 0 1 2 3 4 " + std::to_string(own) +
                            " 0 0 0 20 0 1 0 7 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 0 0");
    put("proc/10/statm", "100 25 5 1 0 20 0");
    put("proc/10/task/10/children", "");
    put("proc/stat",
        "cpu  " + std::to_string(all) + " 0 0 1000 0 0 0 0 0 0\ncpu0 " + std::to_string(all) + " 0 0 1000 0 0 0 0 0 0");
  }

  TrackerSettings settings_of(Scope scope, IdlePolicy policy = IdlePolicy::usage) const {
    TrackerSettings s = settings();
    s.share = {{scope, 10, false}, policy};
    return s;
  }
  std::shared_ptr<Tracker> start(Scope scope = Scope::process) const {
    const auto tracker = Tracker::open(settings_of(scope), host());
    tracker->start();
    return tracker;
  }
  // Until use has been read once.
  static void wait(const Tracker& tracker) {
    for (;;) {
      const_cast<Tracker&>(tracker).flush();
      const auto series = read_series(tracker.path(), "usage/own_cpu:0");
      if (series && !series.value().time_s.empty()) return;
      std::this_thread::yield();
    }
  }
};

// The machine's clock, put forward by hand: a run of minutes, beside which it is nothing how long a read was held up.
class ForwardClock final : public Clock {
 public:
  Instant now() const noexcept override { return system_clock().now() + ahead_.load(); }
  std::int64_t utc_ns() const noexcept override { return system_clock().utc_ns() + ahead_.load().count(); }
  void forward(Duration time) { ahead_ = ahead_.load() + time; }

 private:
  std::atomic<Duration> ahead_{Duration{0}};
};

TEST_F(SharedMachine, TwoJobsOfOneNodeAreTold) {
  static ForwardClock clock;
  energy(1'000'000'000);
  used(100, 500);
  TrackerSettings s = settings_of(Scope::process);
  s.interval = std::chrono::hours{
      1};  // the sampler looks once, and the stop once: no look falls between the files that change here
  Host host = this->host();
  host.clock = &clock;
  const auto tracker = Tracker::open(s, host);
  tracker->start();
  wait(*tracker);
  clock.forward(std::chrono::seconds{500});
  energy(1'000'000'000 + 5'000'000'000);  // 10 W
  used(130, 600);                         // 0.30 of 1.00 s
  tracker->stop();
  const RegionResult run = *tracker->result();
  ASSERT_TRUE(run.share);
  // The edges' readings lie beside the edges themselves: 50 J are five seconds of being held up there.
  EXPECT_NEAR(run.energy.best().value(), 5000.0, 50.0);
  EXPECT_NEAR(run.share->share.value(), 0.3 * run.energy.best().value(), 1e-9);
  EXPECT_NEAR(run.share->others.value(), 0.7 * run.energy.best().value(), 1e-9);
  EXPECT_NEAR((run.share->share + run.share->others + run.share->machine_idle + run.share->unattributed).value(),
              run.energy.best().value(), 1e-9 * run.energy.best().value());
  EXPECT_EQ(run.share->whose, "process 10 and its children");
  EXPECT_GT(run.share->cpu_s, 0.0);  // of the run, which began and ended within the readings
  EXPECT_LE(run.share->cpu_s, 0.3 + 1e-6);
}

TEST_F(SharedMachine, AReplayGivesTheSameSharesAlsoOfOverlappingRegions) {
  std::shared_ptr<Tracker> tracker;
  std::uint64_t a = 0, b = 0;
  std::size_t looks = 0;
  while (looks < 2) {  // on a slow machine the first look may take so long that the source rests until after the run
    energy(1'000'000'000);
    used(100, 500);
    tracker = start();
    wait(*tracker);
    a = tracker->enter("a");
    energy(1'000'000'000 + 30'000);
    b = tracker->enter("b");
    energy(1'000'000'000 + 50'000);
    used(130, 600);
    EXPECT_TRUE(tracker->exit(a)->share);
    energy(1'000'000'000 + 90'000);
    tracker->exit(b);
    tracker->stop();
    looks = std::move(read_series(tracker->path(), "usage/own_cpu:0")).value().time_s.size();
  }
  const Replay replayed = std::move(replay(tracker->path())).value();
  const auto same = [&](const RegionResult& one, const RegionResult& other) {
    EXPECT_EQ(to_json(one, *tracker->channels()).dump(), to_json(other, replayed.header.channels).dump());
  };
  ASSERT_THAT(replayed.regions, SizeIs(2));
  same(replayed.regions[0], *tracker->settled(a));
  same(replayed.regions[1], *tracker->settled(b));
  same(*replayed.run, *tracker->result());
  EXPECT_FALSE(replayed.regions[0].share->share.is_missing())
      << testing::PrintToString(replayed.regions[0].share->reasons);
  EXPECT_EQ(replayed.totals.at("result").at("share").at("idle_policy"), "usage");
}

TEST_F(SharedMachine, WhatCannotBeKnownIsSaidAndNotGuessed) {
  const auto tracker = start(Scope::job);
  energy(1'000'000'000 + 80'000);
  tracker->stop();
  const RegionResult run = *tracker->result();
  ASSERT_TRUE(run.share);
  EXPECT_TRUE(run.share->share.is_missing());
  EXPECT_NEAR(run.share->unattributed.value(), run.energy.best().value(), 1e-12);
  ASSERT_FALSE(run.share->reasons.empty());
  const nlohmann::json json = to_json(run, *tracker->channels());
  EXPECT_TRUE(json.at("share").at("share_j").is_null());
}

TEST_F(SharedMachine, OfTheMachineNoShareIsAsked) {
  const auto tracker = start(Scope::machine);
  tracker->stop();
  EXPECT_FALSE(tracker->result()->share);
  EXPECT_TRUE(to_json(*tracker->result(), *tracker->channels()).at("share").is_null());
}

}  // namespace
}  // namespace impact
