// What a run measures while the machine's service begins anew, or has no reading itself.
#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <random>
#include <stdexcept>

#include "cpp/sources/fake_root.hpp"
#include "cpp/sources/told_service.hpp"
#include "impact/sampling/region_book.hpp"

namespace impact::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using testing::HasSubstr;

// The result of a run over these rounds, whose length is `length`.
RegionResult run_over(Source& source, const std::function<void(RegionBook&)>& rounds, Instant start, Instant stop) {
  RegionBook book({{source.channels().begin(), source.channels().end()},
                   std::vector<bool>(source.channels().size(), false),
                   Roles{std::vector<Role>(source.channels().size(), Role::in_total), {}},
                   1s});
  book.enter(Mark{Mark::Kind::enter, 0, 0, "run", Edges::plain, start, {}});
  rounds(book);
  const std::optional<RegionResult> now = book.exit(Mark{Mark::Kind::exit, 0, 0, "", Edges::plain, stop, {}});
  const std::vector<RegionResult> late = book.finish();
  if (late.empty() && !now) throw std::runtime_error("the run has no result");
  return late.empty() ? *now : late.front();
}

TEST(Service, ANewServiceIsAGapAndNoJump) {
  for (const double anew_j : {0.5, 99.0, 100.0, 130.0, 500.0}) {  // counts that lie before, at and behind the old ones
    const std::int64_t first = now_ns();
    Told service(service_frame(first - 2'000'000'000));
    const std::unique_ptr<Source> source = open(service.opened());
    const auto rounds = [&](RegionBook& book) {
      book.row(round(*source));
      json frame = service_frame(first - 1'000'000'000, 180);
      service.tell(frame);
      book.row(round(*source));
      frame = service_frame(first, anew_j, "another");
      for (json& channel : frame["channels"]) channel["before_j"] = nullptr;
      frame["clock"]["before_ns"] = nullptr;
      service.tell(frame);
      book.row(round(*source));
      EXPECT_THAT(source->trouble(), HasSubstr("began anew"));
    };
    const RegionResult result = run_over(*source, rounds, instant(first - 3'000'000'000), instant(first));
    const ChannelResult& package = result.channels[0];
    EXPECT_NEAR(package.value, 160.0, 1e-6) << anew_j;
    EXPECT_NEAR(package.coverage, 2.0 / 3.0, 1e-6) << anew_j;
  }
}

// However far it has counted, over the places of other epochs too.
TEST(Service, AServiceThatRunsForYearsIsMeasuredOn) {
  for (const double begin_j : {1.0995e10, 1.1e10, 3.2e11}) {
    const std::int64_t first = now_ns();
    Told service(service_frame(first - 1'000'000'000, begin_j));
    const std::unique_ptr<Source> source = open(service.opened());
    const auto rounds = [&](RegionBook& book) {
      book.row(round(*source));
      json frame = service_frame(first, begin_j + 120);
      for (json& channel : frame["channels"]) channel["before_j"] = nullptr;
      service.tell(frame);
      book.row(round(*source));
      EXPECT_EQ(source->trouble(), "");
    };
    const RegionResult result = run_over(*source, rounds, instant(first - 2'000'000'000), instant(first));
    EXPECT_NEAR(result.channels[0].value, 200.0, 0.02) << begin_j;
    EXPECT_NEAR(result.channels[0].coverage, 1.0, 1e-6) << begin_j;
  }
}

TEST(Service, ATimeThatTheServiceDidNotReadIsAGap) {
  const std::int64_t first = now_ns();
  Told service(service_frame(first - 1'000'000'000));
  const std::unique_ptr<Source> source = open(service.opened());
  const auto rounds = [&](RegionBook& book) {
    book.row(round(*source));
    json frame = service_frame(first, 110);
    frame["channels"][0]["segment"] = 1;
    frame["channels"][0]["before_j"] = nullptr;
    service.tell(frame);
    book.row(round(*source));
  };
  const RegionResult result = run_over(*source, rounds, instant(first - 2'000'000'000), instant(first));
  EXPECT_NEAR(result.channels[0].value, 80.0, 1e-6);
  EXPECT_NEAR(result.channels[0].coverage, 0.5, 1e-6);
  EXPECT_NEAR(result.channels[1].coverage, 1.0, 1e-6);
}

// Cores may rest for as long as they like. A gap beside that rest takes nothing from it: as with a reader of one's own.
TEST(Service, AnIdleCounterWithAGapIsWhatALocalReaderMakesOfIt) {
  const std::int64_t first = now_ns();
  const auto frame_of = [&](std::int64_t taken, unsigned segment) {
    json frame = service_frame(taken);
    frame["channels"] = json::array({channel_frame("rapl/core-0", "core", 50)});
    frame["channels"][0]["segment"] = segment;
    return frame;
  };
  Told service(frame_of(first - 3'000'000'000, 0));
  const std::unique_ptr<Source> source = open(service.opened());
  const auto rounds = [&](RegionBook& book) {
    for (const auto& [ago_s, segment] : {std::pair{3, 0U}, {2, 0U}, {1, 1U}, {0, 1U}}) {
      service.tell(frame_of(first - ago_s * 1'000'000'000LL, segment));
      book.row(round(*source));
    }
  };
  const RegionResult told = run_over(*source, rounds, instant(first - 3'000'000'000), instant(first));
  EXPECT_EQ(told.channels[0].quality, Quality::measured);
  EXPECT_EQ(told.channels[0].value, 0.0);
  EXPECT_NEAR(told.channels[0].coverage, 2.0 / 3.0, 1e-6);

  // The counter itself, at the same times, where it began anew between the second and the third.
  const Channel local = [&] {
    Channel c = source->channels()[0];
    c.update_period = 1ms;
    return c;
  }();
  RegionBook book({{local}, {true}, Roles{{Role::in_total}, {}}, 1s});
  const auto reading = [&](int ago_s, std::int64_t count) {
    const Instant at = instant(first - ago_s * 1'000'000'000LL);
    return Reading{0, Quality::measured, count, at, at};
  };
  book.enter(Mark{Mark::Kind::enter, 0, 0, "run", Edges::plain, reading(3, 0).after, {{reading(3, 500'000)}}});
  for (const auto& [ago_s, count] : {std::pair{2, 500'000}, {1, 3}}) book.row(std::vector{reading(ago_s, count)});
  const auto direct = book.exit(Mark{Mark::Kind::exit, 0, 0, "", Edges::plain, instant(first), {{reading(0, 3)}}});
  ASSERT_TRUE(direct);
  EXPECT_EQ(direct->channels[0].quality, told.channels[0].quality);
  EXPECT_EQ(direct->channels[0].value, told.channels[0].value);
  EXPECT_NEAR(direct->channels[0].coverage, told.channels[0].coverage, 1e-3);
}

// A counter that has to move and did not, and one that was read but once, show no energy of 0 J.
TEST(Service, ARestThatCannotBeIsNoZero) {
  const std::int64_t first = now_ns();
  for (const char* domain : {"package", "core"}) {
    json frame = service_frame(first - 2'000'000'000);
    frame["channels"] = json::array({channel_frame("rapl/x", domain, 50)});
    Told service(frame);
    const std::unique_ptr<Source> source = open(service.opened());
    const bool is_package = domain == std::string("package");
    const auto rounds = [&](RegionBook& book) {
      book.row(round(*source));
      if (!is_package) return;  // one reading alone
      frame["channels"][0]["segment"] = 1;
      frame["clock"]["taken_ns"] = first;
      frame["clock"]["before_ns"] = first - 1'000'000'000;
      service.tell(frame);
      book.row(round(*source));
    };
    const RegionResult result = run_over(*source, rounds, instant(first - 2'500'000'000), instant(first));
    EXPECT_EQ(result.channels[0].quality, Quality::missing) << domain;
  }
}

// A machine whose power changes each tenth of a second, with its true energy up to any time.
class DrawnPower {
 public:
  explicit DrawnPower(std::mt19937& random, double most_w) {
    double power_w = most_w / 2;
    for (int i = 0; i < 400; ++i) {
      if (random() % 4 == 0) power_w = 5.0 + (most_w - 5.0) * static_cast<double>(random() % 1'000) / 999.0;
      powers_w_.push_back(power_w);
    }
  }
  double energy_j(double at_s) const {
    double sum_j = 0.0;
    for (std::size_t i = 0; i < powers_w_.size() && 0.1 * static_cast<double>(i) < at_s; ++i)
      sum_j += powers_w_[i] * std::min(0.1, at_s - 0.1 * static_cast<double>(i));
    return sum_j;
  }

 private:
  std::vector<double> powers_w_;
};

class ForwardClock final : public Clock {
 public:
  Instant now() const noexcept override { return time; }
  std::int64_t utc_ns() const noexcept override { return nanoseconds(time); }
  Instant time{};
};

// The same machine, read by the counter itself and through the service: as far apart as the service's interval makes it,
// whatever the load and the region, and with the service's counts begun anew in every second trial.
TEST(Service, EnergyThroughTheServiceIsTheCountersWithinWhatItsRateAllows) {
  constexpr double kMostW = 300.0;
  std::mt19937 random(18);
  int inside = 0, trials = 0;
  for (int trial = 0; trial < 60; ++trial) {
    const DrawnPower power(random, kMostW);
    const double interval_s = trial % 3 == 0 ? 0.1 : trial % 3 == 1 ? 0.5 : 1.0;
    const double begin_s = 2.0 + static_cast<double>(random() % 3'000) / 1e3;
    const double end_s = begin_s + 0.2 + static_cast<double>(random() % 20'000) / 1e3;
    const bool begins_anew = trial % 2 == 1;
    const double anew_s = begin_s + (end_s - begin_s) * static_cast<double>(random() % 1'000) / 1e3;
    ForwardClock clock;
    const Instant zero = system_clock().now();
    const auto at = [&](double s) { return zero + Duration{std::llround(s * 1e9)}; };
    const auto frame_at = [&](double s) {
      const bool is_anew = begins_anew && s > anew_s;
      const double base_j = is_anew ? power.energy_j(anew_s) : -1'000.0;
      const double before_s = s - interval_s;
      const bool has_before = before_s >= 0.0 && (is_anew ? before_s > anew_s : true);
      json frame = service_frame(nanoseconds(at(s)), 0.0, is_anew ? "anew" : "first");
      frame["clock"]["interval_s"] = interval_s;
      frame["clock"]["before_ns"] = has_before ? json(nanoseconds(at(before_s))) : json();
      const auto told_j = [&](double time_s) { return std::round((power.energy_j(time_s) - base_j) * 100) / 100; };
      frame["channels"] = json::array(
          {channel_frame("rapl/package-0", "package", told_j(s), has_before ? json(told_j(before_s)) : json())});
      return frame;
    };
    clock.time = at(0.0);
    Told service(frame_at(0.0));
    const std::unique_ptr<Source> source = open(open_service(Host{"/", &clock}, told(service.path())));
    RegionBook book({{source->channels().begin(), source->channels().end()},
                     {false},
                     Roles{{Role::in_total}, {}},
                     Duration{std::llround(interval_s * 1e9)}});
    bool is_open = false;
    for (int tick = 0; tick * interval_s < end_s + 2 * interval_s; ++tick) {
      const double now_s = tick * interval_s;
      if (!is_open && now_s > begin_s) {
        book.enter(Mark{Mark::Kind::enter, 0, 0, "run", Edges::plain, at(begin_s), {}});
        is_open = true;
      }
      clock.time = at(now_s);
      service.tell(frame_at(now_s));
      book.row(round(*source));
    }
    const auto now = book.exit(Mark{Mark::Kind::exit, 0, 0, "", Edges::plain, at(end_s), {}});
    const std::vector<RegionResult> late = book.finish();
    const ChannelResult part = (late.empty() ? now.value() : late.front()).channels[0];
    const double truth_j = power.energy_j(end_s) - power.energy_j(begin_s);
    const double bound_j = 2 * kMostW * interval_s + 0.05;
    if (part.quality == Quality::missing) {
      EXPECT_TRUE(begins_anew) << trial;
      continue;
    }
    EXPECT_GE(part.value, 0.0) << trial;
    EXPECT_LE(part.value, truth_j + bound_j) << trial;
    if (begins_anew) {
      EXPECT_LE(part.coverage, 1.0) << trial;
      const double lost_s = (1.0 - part.coverage) * (end_s - begin_s);
      EXPECT_LE(lost_s, 2 * interval_s + 1e-6) << trial;
      EXPECT_GE(part.value, truth_j - kMostW * lost_s - bound_j) << trial;
      continue;
    }
    EXPECT_NEAR(part.coverage, 1.0, 1e-6) << trial;
    EXPECT_NEAR(part.value, truth_j, bound_j) << trial;
    ++trials;
    inside += std::abs(part.value - truth_j) <= part.half_width + 0.02 ? 1 : 0;
  }
  EXPECT_GE(inside, trials * 9 / 10);  // of half-widths at 95 %
}

}  // namespace
}  // namespace impact::test
