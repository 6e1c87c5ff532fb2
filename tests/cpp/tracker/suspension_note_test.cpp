#include "impact/tracker/suspension_note.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "cpp/tracker/machine.hpp"
#include "cpp/tracker/ranks.hpp"
#include "impact/record/reader.hpp"
#include "impact/tracker/json.hpp"
#include "impact/tracker/replay.hpp"

namespace impact::test {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

TEST(SuspensionNote, ComesBackAsItWas) {
  const Suspension sleep{instant(5), instant(2'000'000'000), 7s};
  const std::optional<Suspension> back = suspension_of(suspension_note(sleep));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->from, sleep.from);
  EXPECT_EQ(back->to, sleep.to);
  EXPECT_EQ(back->asleep, sleep.asleep);
}

TEST(SuspensionNote, NonsenseIsNone) {
  const json good = suspension_note({instant(5), instant(9), 7s});
  for (const char* key : {"kind", "from_ns", "to_ns", "asleep_ns"}) {
    for (const json& bad :
         {json(nullptr), json(-1), json(1.5), json("x"), json::array(), json(18446744073709551615ULL)}) {
      json note = good;
      note[key] = bad;
      EXPECT_FALSE(suspension_of(note)) << note;
      note.erase(key);
      EXPECT_FALSE(suspension_of(note)) << note;
    }
  }
  for (const json& bad : {json(), json::array({1}), json("suspended"), json{{"kind", "dropped_lines"}, {"lines", 3}}})
    EXPECT_FALSE(suspension_of(bad));
  EXPECT_FALSE(suspension_of({{"kind", "suspended"}, {"from_ns", 9}, {"to_ns", 5}, {"asleep_ns", 1}}));
}

class SleepyClock final : public Clock {
 public:
  Instant now() const noexcept override { return system_clock().now(); }
  std::int64_t utc_ns() const noexcept override { return system_clock().utc_ns(); }
  std::int64_t boot_ns() const noexcept override { return nanoseconds(now()) + asleep_ns; }
  std::atomic<std::int64_t> asleep_ns{0};
};

// The file's counter stands 0.3 J below its top when the machine falls asleep, and at 0.2 J when it wakes.
TEST_F(Machine, ASleepIsNoticedRecordedAndReplayed) {
  SleepyClock clock;
  Host host = this->host();
  host.clock = &clock;
  put("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "9999500000");
  energy(9'999'000'000);
  const auto tracker = Tracker::open(settings(), host);
  tracker->start();
  const std::uint64_t region = tracker->enter("across the sleep");
  for (int i = 1; i <= 10; ++i) {
    energy(9'999'000'000 + 20'000ULL * static_cast<std::uint64_t>(i));
    std::this_thread::sleep_for(10ms);
  }
  clock.asleep_ns = 600'000'000'000;
  put("sys/class/powercap/intel-rapl:0/energy_uj", "0000200000");
  std::this_thread::sleep_for(30ms);
  const RegionResult r = *tracker->exit(region);
  tracker->stop();
  ASSERT_FALSE(r.energy.is_missing());
  EXPECT_LT(r.energy.best().value(), 0.25);
  EXPECT_TRUE(r.energy.partial());
  EXPECT_THAT(r.notes, Contains(HasSubstr("suspended for 600.0 s")));
  const Replay replayed = std::move(replay(tracker->path())).value();
  ASSERT_THAT(replayed.regions, SizeIs(1));
  EXPECT_EQ(to_json(replayed.regions[0], replayed.header.channels).dump(), to_json(r, *tracker->channels()).dump());
  EXPECT_GE(replayed.health["resets"], 1);
  EXPECT_THAT(replayed.notes, SizeIs(1));
  const Series series = std::move(read_series(tracker->path(), "rapl/package-0")).value();
  for (const double power : series.value) EXPECT_FALSE(power > 100.0) << power;
  const United united = unite({{tracker->path(), replayed.run->start, replayed.run->stop}}).value();
  EXPECT_LT(united.run.energy.best().value(), 0.25);
  EXPECT_TRUE(united.run.energy.partial());
}

}  // namespace
}  // namespace impact::test
