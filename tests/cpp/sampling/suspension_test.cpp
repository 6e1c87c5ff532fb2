// Sleeps of the machine: whatever its counters do meanwhile, nothing of it is added, and the time that cannot be known
// is a gap.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "fakes/random.hpp"
#include "impact/sampling/region_book.hpp"

namespace impact {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

constexpr double kTop = 262'143.32885;  // J, the range of most RAPL counters

Instant at(double s) { return instant(std::llround(s * 1e9)); }

Channel package() {
  Channel c;
  c.id = "rapl/package-0";
  c.device = "cpu:0";
  c.domain = Domain::package;
  c.scale = 1e-6;
  c.range = 262'143'328'850;
  c.update_period = 1ms;
  c.max_power = Watts{500};
  return c;
}

Reading shows(double s, double joules) { return {0, Quality::measured, std::llround(joules * 1e6), at(s), at(s)}; }

Suspension sleep(double from, double to, Duration asleep = 3600s) { return {at(from), at(to), asleep}; }

struct Book : RegionBook {
  explicit Book(const Channel& channel = package())
      : RegionBook{{{channel}, {true}, {{Role::in_total}, {}}, std::chrono::milliseconds{100}}} {}
  void read(double s, double joules) {
    const Reading reading = shows(s, joules);
    row({&reading, 1});
  }
  void begin_at(double s, double joules) {
    RegionBook::enter({Mark::Kind::enter, 1, 0, "r", Edges::plain, at(s), {{shows(s, joules)}}});
  }
  RegionResult end_at(double s, double joules) {
    return *RegionBook::exit({Mark::Kind::exit, 1, 0, "", Edges::plain, at(s), {{shows(s, joules)}}});
  }
};

// 100 W for ten seconds; after five the lid is closed for an hour.
RegionResult lid_closed(const Channel& channel, double first, double after_sleep, bool told = true) {
  Book book{channel};
  book.begin_at(0.0, first);
  for (int i = 1; i <= 50; ++i) book.read(0.1 * i, first + 10.0 * i);
  if (told) book.suspended(sleep(5.0, 5.1001));
  for (int i = 51; i < 100; ++i) book.read(0.1 * i, after_sleep + 10.0 * (i - 50));
  return book.end_at(10.0, after_sleep + 500.0);
}

TEST(Suspension, AResetAtAPlausiblePowerIsNoWrap) {
  // 5 J below the top of the range: as a wrap, the step would be 15 J instead of the 10 J before it.
  const RegionResult r = lid_closed(package(), kTop - 505.0, 0.0);
  EXPECT_NEAR(r.energy.best().value(), 990.0, r.energy.half().value());
  EXPECT_TRUE(r.energy.partial());
  EXPECT_NEAR(r.coverage, 0.99, 1e-6);
  EXPECT_THAT(r.notes, Contains(HasSubstr("suspended for 3600.0 s")));
}

TEST(Suspension, WhatACounterTookInAsleepIsNotTheRunsEither) {
  EXPECT_NEAR(lid_closed(package(), 1000.0, 1502.0).energy.best().value(), 990.0, 1.0);  // it slept at little power
  EXPECT_NEAR(lid_closed(package(), 1000.0, 90'000.0).energy.best().value(), 990.0, 1.0);
  EXPECT_NEAR(lid_closed(package(), 1.0, 0.0).energy.best().value(), 990.0, 1.0);  // set to 0, and soon beyond
  Channel gpu = package();
  gpu.range = 0;
  EXPECT_NEAR(lid_closed(gpu, 1000.0, 0.0).energy.best().value(), 990.0, 1.0);
}

TEST(Suspension, OfCoresAndRestingPartsIsOneToo) {
  Channel core = package();
  core.domain = Domain::core;
  EXPECT_NEAR(lid_closed(core, kTop - 505.0, 0.0).energy.best().value(), 990.0, 1.0);
}

TEST(Suspension, WhatThisProgramComputesIsNotCut) {
  Channel model = package();
  model.quality = Quality::modelled;
  model.source = "cpu_model";
  const RegionResult r = lid_closed(model, 1000.0, 1500.0);
  EXPECT_NEAR(r.energy.best().value(), 1000.0, 1.0);
  EXPECT_FALSE(r.energy.partial());
}

TEST(Suspension, ARegionAfterItKnowsNothingOfIt) {
  Book book;
  book.read(0.0, 100.0);
  book.read(1.0, 200.0);
  book.suspended(sleep(1.0, 1.5));
  book.read(2.0, 10.0);
  book.begin_at(3.0, 110.0);
  book.read(4.0, 210.0);
  const RegionResult r = book.end_at(5.0, 310.0);
  EXPECT_NEAR(r.energy.best().value(), 200.0, 1.0);
  EXPECT_FALSE(r.energy.partial());
  EXPECT_TRUE(r.notes.empty());
}

TEST(Suspension, TwoRecordsTellOfTheSameSleepOnce) {
  Book book;
  book.begin_at(0.0, 0.0);
  book.read(1.0, 100.0);
  book.suspended(sleep(1.0, 1.11, 600s));
  book.read(1.1, 0.5);
  book.suspended(sleep(0.95, 1.2, 600s));
  book.read(1.2, 10.5);
  book.suspended(sleep(1.6, 1.7, 60s));
  const RegionResult r = book.end_at(2.0, 3.0);
  EXPECT_THAT(r.notes, Contains(HasSubstr("suspended for 660.0 s")));
}

// Without a sleep a step back may be a wrap or a reset. What is taken for a wrap is in doubt by what it surprises with.
TEST(Suspension, AWrapThatSurprisesIsInDoubt) {
  const RegionResult likely = lid_closed(package(), kTop - 505.0, -5.0, false);
  EXPECT_FALSE(likely.energy.partial());
  const RegionResult reset = lid_closed(package(), kTop - 500.1, 0.0 - 9.0, false);
  EXPECT_NEAR(reset.energy.best().value(), 1000.0, reset.energy.half().value());
  EXPECT_GT(reset.energy.half().value(), likely.energy.half().value() + 5.0);
  Book first;  // no power is known yet
  first.begin_at(0.0, kTop - 143.0);
  EXPECT_GT(first.end_at(1.0, 60.0).energy.half().value(), 143.0);
}

// Random sleeps of a machine whose counter does what it likes meanwhile: the sum holds what flowed while it was read,
// and never more.
TEST(Suspension, RandomSleepsAddNothing) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(seed);
    fakes::Random random(seed);
    Channel channel = package();
    const bool has_range = random.between(0, 3) != 0;
    if (!has_range) channel.range = 0;
    const double range = has_range ? kTop : 1e18;
    Book book{channel};
    double shown = has_range ? range - static_cast<double>(random.between(1, 3000)) : 1e6;
    double truth = 0.0, least = 0.0, now = 0.0;
    bool slept = false;
    book.begin_at(0.0, shown);
    const std::int64_t sleep_at = random.between(10, 80);
    for (std::int64_t i = 1; i < 100; ++i) {
      const double before = now;
      now = 0.1 * static_cast<double>(i);
      const double step = 0.1 * static_cast<double>(random.between(80, 120));
      truth += step;
      shown += step;
      if (i == sleep_at) {
        slept = true;
        const double part = step * static_cast<double>(random.between(0, 100)) / 100.0;  // after the sleep
        switch (random.between(0, 3)) {
          case 0: shown = part; break;                                                     // set to 0
          case 1: shown += static_cast<double>(random.between(0, 100'000)) / 10.0; break;  // counted on
          case 2: shown += std::max(0.0, range - shown) + part; break;  // of 64 bits, over one of less
          default: break;                                               // stood still
        }
        book.suspended(sleep(before, now + 1e-6));
      } else {
        least += step;
      }
      if (shown >= range) shown -= range * std::floor(shown / range);
      book.read(now, shown);
    }
    truth += 10.0;
    least += 10.0;
    shown += 10.0;
    if (shown >= range) shown -= range;
    const RegionResult r = book.end_at(10.0, shown);
    ASSERT_TRUE(slept);
    EXPECT_TRUE(r.energy.partial());
    EXPECT_LE(r.energy.best().value(), truth + r.energy.half().value());
    // A wrap right behind the sleep cannot be told from it, and costs one step more.
    const double more = seconds(book.accumulator().health(0).gap) > 0.15 ? 12.0 : 0.0;
    EXPECT_NEAR(r.energy.best().value(), least - more / 2, more / 2 + r.energy.half().value() + 1e-3);
    EXPECT_LT(r.energy.half().value(), 25.0);
  }
}

}  // namespace
}  // namespace impact
