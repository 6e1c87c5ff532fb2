#include "impact/tracker/tracker.hpp"

#include <gmock/gmock.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "impact/tracker/json.hpp"
#include "impact/tracker/replay.hpp"
#include "machine.hpp"

namespace impact {
namespace {

namespace fs = std::filesystem;
using test::Machine;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST_F(Machine, ARunIsRecordedAndReplaysToTheSameNumbers) {
  const auto tracker = Tracker::open(settings(), host());
  tracker->start();
  const std::uint64_t outer = tracker->enter("outer");
  energy(1'000'200'000);
  const std::uint64_t inner = tracker->enter("inner");
  energy(1'000'300'000);
  const RegionResult in = *tracker->exit(inner);
  const RegionResult out = *tracker->exit(outer);
  tracker->stop({{"note", "done"}});
  EXPECT_EQ(in.parent, outer);
  const RegionResult run = *tracker->result();

  const Replay replayed = std::move(replay(tracker->path())).value();
  EXPECT_TRUE(replayed.complete);
  EXPECT_FALSE(replayed.damage);
  ASSERT_THAT(replayed.regions, SizeIs(2));
  const auto same = [&](const RegionResult& a, const RegionResult& b) {
    EXPECT_EQ(to_json(a, *tracker->channels()).dump(), to_json(b, replayed.header.channels).dump());
  };
  same(replayed.regions[0], in);
  same(replayed.regions[1], out);
  same(*replayed.run, run);
  EXPECT_EQ(replayed.totals.at("info").at("note"), "done");
  EXPECT_EQ(replayed.totals.at("result").dump(), to_json(run, *tracker->channels()).dump());
}

TEST_F(Machine, ACounterThatStandsStillIsMissingLiveAndReplayedAndTheModelStandsIn) {
  TrackerSettings s = settings();
  s.sources = {"rapl_powercap", "cpu_model"};
  const auto tracker = Tracker::open(s, host());
  tracker->start();
  std::this_thread::sleep_for(500ms);
  tracker->stop();
  const RegionResult run = *tracker->result();
  EXPECT_TRUE(run.energy.partial());
  EXPECT_GT(run.energy.modelled().value(), 0.0);
  EXPECT_EQ(run.energy.best().value(), run.energy.modelled().value());
  EXPECT_EQ(run.energy.quality(), Quality::modelled);
  EXPECT_THAT(run.notes, testing::Contains(HasSubstr("its counter stood still for")));
  const Replay replayed = std::move(replay(tracker->path())).value();
  EXPECT_EQ(to_json(*replayed.run, replayed.header.channels).dump(), to_json(run, *tracker->channels()).dump());
  EXPECT_EQ(replayed.health.at("channels").size(), 1U);
}

TEST_F(Machine, ACounterAboveItsRangeGetsTheModel) {
  energy(999'999'999'999);
  TrackerSettings s = settings();
  s.sources = {"rapl_powercap", "cpu_model"};
  const auto tracker = Tracker::open(s, host());
  tracker->start();
  std::this_thread::sleep_for(50ms);
  tracker->stop();
  const RegionResult run = *tracker->result();
  EXPECT_TRUE(run.energy.partial());
  EXPECT_GT(run.energy.modelled().value(), 0.0);
}

TEST_F(Machine, TheLogdirIsAbsoluteAndASecondRunStandsBesideTheFirst) {
  const auto first = Tracker::open(settings(), host());
  const auto second = Tracker::open(settings(), host());
  EXPECT_NE(first->path(), second->path());
  EXPECT_TRUE(fs::path(first->path()).is_absolute());
  EXPECT_EQ(fs::path(first->path()).parent_path(), dir_ / "log" / "impacttracker");
}

TEST_F(Machine, AnUnwritableLogdirFailsAtOnceWithThePath) {
  put("file", "not a directory");
  TrackerSettings s = settings();
  s.logdir = (dir_ / "file" / "log").string();
  try {
    Tracker::open(s, host());
    FAIL();
  } catch (const IoError& e) {
    EXPECT_THAT(e.what(), HasSubstr((dir_ / "file").string()));
  }
}

TEST_F(Machine, SenselessSettingsAreRefused) {
  TrackerSettings s = settings();
  s.interval = 1us;
  EXPECT_THROW(Tracker::open(s, host()), std::invalid_argument);
  s = settings();
  s.logdir.clear();
  EXPECT_THROW(Tracker::open(s, host()), std::invalid_argument);
  s = settings();
  s.sources = {"rapl_powrcap"};
  EXPECT_THROW(Tracker::open(s, host()), std::invalid_argument);
}

TEST_F(Machine, StrictNeedsASensor) {
  fs::remove_all(dir_ / "sys");
  TrackerSettings s = settings();
  s.sources.clear();
  EXPECT_NO_THROW(Tracker::open(s, host()));
  s.strict = true;
  EXPECT_THROW(Tracker::open(s, host()), NoSourceError);
}

TEST_F(Machine, StrictNamesTheProcessorsOwnModel) {
  put("proc/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t: 1\n");
  TrackerSettings s = settings();
  s.strict = true;
  try {
    Tracker::open(s, host());
    FAIL() << "AMD's counter is a model of the chip";
  } catch (const NoSourceError& error) {
    EXPECT_THAT(error.what(), HasSubstr("rapl_powercap: rapl/package-0 is modelled, with an error of 10 %"));
  }
}

TEST_F(Machine, WithoutAnySourceTheRunIsMissingNotZero) {
  fs::remove_all(dir_ / "sys");
  const auto tracker = Tracker::open(settings(), host());
  tracker->start();
  tracker->stop();
  EXPECT_TRUE(tracker->result()->energy.is_missing());
}

TEST_F(Machine, RegionsLeftOpenEndWithTheRun) {
  const auto tracker = Tracker::open(settings(), host());
  tracker->start();
  tracker->enter("forgotten");
  tracker->stop();
  const Replay replayed = std::move(replay(tracker->path())).value();
  ASSERT_THAT(replayed.regions, SizeIs(1));
  EXPECT_EQ(replayed.totals.at("left_open").dump(), "[1]");
}

TEST_F(Machine, MisuseIsSaidAtOnce) {
  const auto tracker = Tracker::open(settings(), host());
  EXPECT_THROW(tracker->enter("early"), std::logic_error);
  EXPECT_FALSE(tracker->result());
  tracker->start();
  EXPECT_THROW(tracker->start(), std::logic_error);
  const std::uint64_t region = tracker->enter("once");
  tracker->exit(region);
  EXPECT_THROW(tracker->exit(region), std::logic_error);
  EXPECT_THROW(tracker->exit(0), std::logic_error);
  tracker->stop();
  tracker->stop();
  EXPECT_THROW(tracker->enter("late"), std::logic_error);
}

TEST_F(Machine, ASourceThatVanishesLeavesThePartUpToThere) {
  const auto tracker = Tracker::open(settings(), host());
  tracker->start();
  energy(1'000'300'000);
  const std::uint64_t region = tracker->enter("r");
  fs::remove_all(dir_ / "sys");  // the kept descriptor still answers on a disk; the counter stands still
  EXPECT_NO_THROW(tracker->exit(region));
  tracker->stop();
  EXPECT_TRUE(std::move(replay(tracker->path())).value().complete);
}

TEST_F(Machine, WaitsUntilSoMuchIsUsedOrTheRunEnds) {
  std::atomic<bool> done{false};
  std::thread work([&] {
    for (std::uint64_t uj = 1'000'000'000; !done; uj += 100'000) {
      energy(uj);
      std::this_thread::sleep_for(1ms);
    }
  });
  const auto tracker = Tracker::open(settings(), host());
  EXPECT_FALSE(tracker->wait(Joules{0}, 0s));  // it was not started
  tracker->start();
  EXPECT_FALSE(tracker->wait(Joules{1e6}, 30ms));
  EXPECT_TRUE(tracker->wait(Joules{0.5}, 60s));
  EXPECT_GE(tracker->result()->energy.best(), Joules{0.5});
  std::thread end([&] { tracker->stop(); });
  EXPECT_FALSE(tracker->wait(Joules{1e6}, 60s));
  end.join();
  EXPECT_TRUE(tracker->wait(Joules{0.5}, 0s));
  done = true;
  work.join();
}

TEST_F(Machine, ManyThreadsManyRegions) {
  const auto tracker = Tracker::open(settings(), host());
  tracker->start();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const std::uint64_t a = tracker->enter("a");
        const std::uint64_t b = tracker->enter("b");
        const RegionResult inner = *tracker->exit(b);
        EXPECT_EQ(inner.parent, a);
        tracker->exit(a);
      }
    });
  }
  for (std::thread& t : threads) t.join();
  tracker->stop();
  EXPECT_THAT(std::move(replay(tracker->path())).value().regions, SizeIs(400));
}

TEST_F(Machine, HealthMayBeAskedWhileATrackerStarts) {
  const auto before = Tracker::open(settings(), host());
  before->start();  // the process's sampler has run and counted by the time the other one starts
  for (int i = 0; i < 20; ++i) {
    const auto tracker = Tracker::open(settings(), host());
    EXPECT_EQ(tracker->health().at("missed_ticks"), 0);
    std::atomic<bool> is_done = false;
    std::thread asking([&] {
      while (!is_done) {
        const nlohmann::json health = tracker->health();
        EXPECT_LT(health.at("missed_ticks").get<std::uint64_t>(), 1'000'000U);
        EXPECT_GE(health.at("sampler_cpu_s").get<double>(), 0.0);
      }
    });
    tracker->start();
    tracker->stop();
    is_done = true;
    asking.join();
  }
}

TEST_F(Machine, ARecordWithoutItsEndIsReadUpToThere) {
  const auto tracker = Tracker::open(settings(), host());
  tracker->start();
  tracker->enter("cut");
  energy(1'000'100'000);
  tracker->flush();
  fs::copy(tracker->path(), dir_ / "copy.jsonl");
  const Replay replayed = std::move(replay(dir_ / "copy.jsonl")).value();
  EXPECT_FALSE(replayed.complete);
  EXPECT_FALSE(replayed.damage);
  EXPECT_TRUE(replayed.run);
  EXPECT_THAT(replayed.left_open, ElementsAre("cut"));
  tracker->stop();
}

TEST_F(Machine, AForkedChildIsInert) {
  const auto tracker = Tracker::open(settings(), host());
  tracker->start();
  const std::uint64_t region = tracker->enter("parent");
  std::vector<pid_t> children;
  for (int i = 0; i < 40; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const bool still =
          tracker->inert() && tracker->enter("child") == 0 && !tracker->exit(region) && !tracker->result();
      tracker->stop();
      ::_exit(still ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
  }
  tracker->exit(region);
  tracker->stop();
  const Replay replayed = std::move(replay(tracker->path())).value();
  EXPECT_TRUE(replayed.complete);
  ASSERT_THAT(replayed.regions, SizeIs(1));
}

// The wall clock of a machine that is set by hand: each look at it is a day off the last, back and forth.
class SteppedClock final : public Clock {
 public:
  Instant now() const noexcept override { return system_clock().now(); }
  std::int64_t utc_ns() const noexcept override {
    constexpr std::int64_t day = 86'400'000'000'000;
    return system_clock().utc_ns() + (looks_++ % 2 == 0 ? day : -day);
  }

 private:
  mutable std::atomic<int> looks_{0};
};

TEST_F(Machine, AStepOfTheWallClockChangesNoNumber) {
  const SteppedClock clock;
  Host host = this->host();
  host.clock = &clock;
  const auto tracker = Tracker::open(settings(), host);
  tracker->start();
  const std::uint64_t region = tracker->enter("across the step");
  energy(1'000'200'000);
  std::this_thread::sleep_for(50ms);
  const RegionResult r = *tracker->exit(region);
  tracker->stop();
  // Near enough to tell it from a day more or less; a slow machine's region begins milliseconds after its first reading.
  EXPECT_NEAR(r.energy.best().value(), 0.2, 0.1);
  EXPECT_GE(r.stop - r.start, 50ms);
  EXPECT_LT(r.stop - r.start, 10s);
  const Replay replayed = std::move(replay(tracker->path())).value();
  ASSERT_THAT(replayed.regions, SizeIs(1));
  EXPECT_EQ(to_json(replayed.regions[0], replayed.header.channels).dump(), to_json(r, *tracker->channels()).dump());
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(Machine, MemoryDoesNotGrowWhileItRuns) {
  TrackerSettings s = settings();
  s.interval = 500us;
  const auto tracker = Tracker::open(s, host());
  tracker->start();
  const auto work = [&] {
    for (int i = 0; i < 1'000; ++i) tracker->exit(tracker->enter("step"));
    std::this_thread::sleep_for(200ms);
    tracker->flush();
  };
  for (int i = 0; i < 3; ++i) work();  // what is kept of results, and every buffer, is as large as it gets
  const std::size_t before = ::mallinfo2().uordblks;
  for (int i = 0; i < 5; ++i) work();
  const std::size_t after = ::mallinfo2().uordblks;
  EXPECT_LT(after, before + 200'000) << "5,000 regions and a second at 2 kHz";
  tracker->stop();
}
#endif

TEST_F(Machine, SeriesGiveThePowerBetweenReadings) {
  TrackerSettings s = settings();
  s.interval = 1ms;
  const auto tracker = Tracker::open(s, host());
  tracker->start();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    energy(1'000'000'000 + i * 1'000);
    std::this_thread::sleep_for(2ms);
  }
  tracker->stop();
  const Series series = std::move(read_series(tracker->path(), "rapl/package-0")).value();
  ASSERT_GT(series.time_s.size(), 5U);
  double joules = 0.0;
  for (std::size_t i = 1; i < series.time_s.size(); ++i)
    joules += series.value[i] * (series.time_s[i] - series.time_s[i - 1]);
  EXPECT_GT(joules, 0.0);
  EXPECT_LE(joules, 0.0201);
  EXPECT_THAT(std::move(read_series(tracker->path(), "rapl/nothing")).error().what,
              HasSubstr("it holds rapl/package-0"));
}

// A run that is shorter than the interval of its readings has one step, which is all of it.
TEST_F(Machine, SeriesEndWhereTheRunEnds) {
  TrackerSettings s = settings();
  s.interval = 1h;
  const auto tracker = Tracker::open(s, host());
  tracker->start();
  const auto samples = [&] {
    tracker->flush();
    return std::move(read_series(tracker->path(), "rapl/package-0")).value();
  };
  while (samples().time_s.empty()) std::this_thread::sleep_for(1ms);
  energy(1'000'500'000);
  std::this_thread::sleep_for(2ms);
  tracker->stop();
  const Series series = samples();
  ASSERT_THAT(series.time_s, SizeIs(2));
  EXPECT_NEAR(series.value[1] * (series.time_s[1] - series.time_s[0]), 0.5, 1e-6);
  EXPECT_GE(series.time_s[1] - series.time_s[0], 0.002);
}

}  // namespace
}  // namespace impact
