#include "impact/sampling/region_book.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "virtual_machine.hpp"

namespace impact {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

Instant at(double s) { return instant(std::llround(s * 1e9)); }

Channel energy(const char* id) {
  Channel c;
  c.id = id;
  c.scale = 1e-6;
  return c;
}

Channel power(const char* id) {
  Channel c = energy(id);
  c.kind = Kind::gauge;
  c.unit = Unit::watt;
  c.scale = 1e-3;
  return c;
}

Mark mark(Mark::Kind kind, std::uint64_t region, double s, std::vector<std::int64_t> counts = {}) {
  Mark m{kind, region, 0, "r", Edges::plain, at(s), {}};
  for (std::uint32_t c = 0; c < counts.size(); ++c) {
    EdgeReading reading;
    reading.first =
        counts[c] < 0 ? Reading::missing(c, at(s), at(s)) : Reading{c, Quality::measured, counts[c], at(s), at(s)};
    m.readings.push_back(reading);
  }
  return m;
}

Mark enter(std::uint64_t region, double s, std::vector<std::int64_t> counts = {}) {
  return mark(Mark::Kind::enter, region, s, std::move(counts));
}
Mark exit(std::uint64_t region, double s, std::vector<std::int64_t> counts = {}) {
  return mark(Mark::Kind::exit, region, s, std::move(counts));
}

RegionBook two_counters(std::vector<std::string> missing = {}) {
  return RegionBook{
      {{energy("a"), energy("b")}, {true, true}, {{Role::in_total, Role::in_total}, std::move(missing)}, 1s}};
}

TEST(RegionBook, SumsTheChannelsOfTheTotal) {
  RegionBook book = two_counters();
  book.enter(enter(1, 0, {0, 5'000'000}));
  const RegionResult r = *book.exit(exit(1, 2, {200'000'000, 55'000'000}));
  EXPECT_NEAR(r.energy.best().value(), 250.0, 1e-6);
  EXPECT_FALSE(r.energy.partial());
  EXPECT_FALSE(r.provisional);
  EXPECT_EQ(r.energy.quality(), Quality::measured);
}

TEST(RegionBook, RegionsNestAndOverlap) {
  RegionBook book = two_counters();
  book.enter(enter(1, 0, {0, 0}));
  book.enter(enter(2, 1, {100'000'000, 0}));
  EXPECT_NEAR(book.exit(exit(1, 2, {200'000'000, 0}))->energy.best().value(), 200.0, 1e-6);
  EXPECT_NEAR(book.exit(exit(2, 3, {300'000'000, 0}))->energy.best().value(), 200.0, 1e-6);
  EXPECT_FALSE(book.exit(exit(2, 4)));
}

std::vector<Reading> readings(double s, const std::vector<std::int64_t>& counts) {
  std::vector<Reading> row;
  for (std::uint32_t c = 0; c < counts.size(); ++c) {
    row.push_back(counts[c] < 0 ? Reading::missing(c, at(s), at(s))
                                : Reading{c, Quality::measured, counts[c], at(s), at(s)});
  }
  return row;
}

TEST(RegionBook, AFailedReadAtTheEndIsBridgedByTheNextGoodOne) {
  RegionBook book = two_counters();
  book.enter(enter(1, 0, {0, 0}));
  book.row(readings(1, {100'000'000, 10'000'000}));
  const RegionResult early = *book.exit(exit(1, 2, {200'000'000, -1}));
  EXPECT_TRUE(early.provisional);
  EXPECT_TRUE(early.energy.partial());
  EXPECT_NEAR(early.coverage, 0.5, 1e-9);
  EXPECT_NEAR(early.energy.best().value(), 210.0, 1e-6);  // what is known by now: b up to its last good reading
  book.row(readings(3, {300'000'000, 30'000'000}));
  const std::vector<RegionResult> settled = book.take_settled();
  ASSERT_EQ(settled.size(), 1U);
  EXPECT_NEAR(settled[0].energy.best().value(), 220.0, 1e-6);
  EXPECT_FALSE(settled[0].energy.partial());
  EXPECT_DOUBLE_EQ(settled[0].coverage, 1.0);
}

TEST(RegionBook, WithoutALaterReadingTheEnergyUpToTheLastOneIsAPart) {
  RegionBook book = two_counters();
  book.enter(enter(1, 0, {0, 0}));
  book.row(readings(1, {100'000'000, 10'000'000}));
  book.exit(exit(1, 4, {400'000'000, -1}));
  const std::vector<RegionResult> settled = book.finish();
  ASSERT_EQ(settled.size(), 1U);
  EXPECT_NEAR(settled[0].channels[1].value, 10.0, 1e-6);
  EXPECT_NEAR(settled[0].channels[1].coverage, 0.25, 1e-9);
  EXPECT_TRUE(settled[0].energy.partial());
}

TEST(RegionBook, NoGoodReadAfterTheBeginningIsMissingNotZero) {
  RegionBook book = two_counters();
  book.enter(enter(1, 0, {0, 0}));
  book.exit(exit(1, 4, {400'000'000, -1}));
  EXPECT_EQ(book.finish()[0].channels[1].quality, Quality::missing);
}

TEST(RegionBook, AFailedReadAtTheBeginningCostsTheTimeUpToTheFirstGoodOne) {
  RegionBook book = two_counters();
  book.enter(enter(1, 0, {0, -1}));
  book.row(readings(1, {100'000'000, 10'000'000}));
  const RegionResult r = *book.exit(exit(1, 4, {400'000'000, 40'000'000}));
  EXPECT_NEAR(r.channels[1].value, 30.0, 1e-6);
  EXPECT_NEAR(r.channels[1].coverage, 0.75, 1e-9);
  EXPECT_TRUE(r.energy.partial());
}

TEST(RegionBook, AChannelWithoutAnyReadingIsMissingAndTheSumPartial) {
  RegionBook book = two_counters();
  book.enter(enter(1, 0, {0, -1}));
  book.exit(exit(1, 1, {100'000'000, -1}));
  const std::vector<RegionResult> settled = book.finish();
  ASSERT_EQ(settled.size(), 1U);
  const RegionResult& r = settled[0];
  EXPECT_NEAR(r.energy.best().value(), 100.0, 1e-6);
  EXPECT_TRUE(r.energy.partial());
  EXPECT_EQ(r.channels[1].quality, Quality::missing);
  EXPECT_TRUE(std::isnan(r.channels[1].value));
  EXPECT_THAT(r.notes, ElementsAre(HasSubstr("b: no reading")));
}

TEST(RegionBook, NothingReadIsMissingNotZero) {
  RegionBook book = two_counters();
  book.enter(enter(1, 0));
  const RegionResult r = *book.exit(exit(1, 1));
  EXPECT_TRUE(r.energy.is_missing());
  EXPECT_TRUE(r.energy.modelled().is_missing());
  EXPECT_EQ(r.energy.quality(), Quality::missing);
}

TEST(RegionBook, AComponentThatNothingCoversMakesTheSumPartial) {
  RegionBook book = two_counters({"gpu:1"});
  book.enter(enter(1, 0, {0, 0}));
  const RegionResult r = *book.exit(exit(1, 1, {1, 1}));
  EXPECT_TRUE(r.energy.partial());
  EXPECT_THAT(r.notes, ElementsAre(HasSubstr("gpu:1: not measured")));
}

TEST(RegionBook, ARegionShorterThanATickIsEstimatedFromThePowerBefore) {
  Channel c = energy("a");
  c.update_period = 100ms;
  RegionBook book{{{c}, {true}, {{Role::in_total}, {}}, 1s}};
  book.row(std::vector{Reading{0, Quality::measured, 0, at(0), at(0)}});
  book.row(std::vector{Reading{0, Quality::measured, 100'000'000, at(1), at(1)}});
  book.enter(enter(1, 1.5, {150'000'000}));
  const RegionResult r = *book.exit(exit(1, 1.51, {150'000'000}));  // the counter did not move
  EXPECT_NEAR(r.energy.best().value(), 1.0, 1e-6);                  // not 0 J
  EXPECT_EQ(r.energy.quality(), Quality::estimated);
  EXPECT_GT(r.energy.half().value(), 5.0);
}

TEST(RegionBook, AGaugeIsProvisionalUntilItsNextReading) {
  RegionBook book{{{power("p")}, {false}, {{Role::in_total}, {}}, 1s}};
  const auto sample = [&](double s, std::int64_t mw) {
    book.row(std::vector{Reading{0, Quality::measured, mw, at(s), at(s)}});
  };
  sample(0, 100'000);
  book.enter(enter(1, 0.5));
  sample(1, 100'000);
  const RegionResult early = *book.exit(exit(1, 1.5));
  EXPECT_TRUE(early.provisional);
  EXPECT_NEAR(early.energy.best().value(), 100.0, 1e-9);
  EXPECT_THAT(book.take_settled(), testing::IsEmpty());
  sample(2, 200'000);  // the power rose: 150 W at the end
  const std::vector<RegionResult> settled = book.take_settled();
  ASSERT_EQ(settled.size(), 1U);
  EXPECT_FALSE(settled[0].provisional);
  EXPECT_NEAR(settled[0].energy.best().value(), 112.5, 1e-9);
}

TEST(RegionBook, FinishSettlesByHoldingTheLastValue) {
  RegionBook book{{{power("p")}, {false}, {{Role::in_total}, {}}, 1s}};
  book.row(std::vector{Reading{0, Quality::measured, 50'000, at(0), at(0)}});
  book.enter(enter(0, 0));
  book.row(std::vector{Reading{0, Quality::measured, 50'000, at(1), at(1)}});
  book.exit(exit(0, 2));
  const std::vector<RegionResult> settled = book.finish();
  ASSERT_EQ(settled.size(), 1U);
  EXPECT_NEAR(settled[0].energy.best().value(), 100.0, 1e-9);
}

TEST(RegionBook, PeekChangesNothing) {
  RegionBook book = two_counters();
  book.enter(enter(1, 0, {0, 0}));
  EXPECT_NEAR(book.peek(exit(1, 1, {100'000'000, 0}))->energy.best().value(), 100.0, 1e-6);
  EXPECT_NEAR(book.peek(exit(1, 1, {100'000'000, 0}))->energy.best().value(), 100.0, 1e-6);
  EXPECT_NEAR(book.exit(exit(1, 2, {200'000'000, 0}))->energy.best().value(), 200.0, 1e-6);
}

TEST(RegionBook, ReadFailuresInsideARegionAreBridged) {
  test::VirtualMachine machine("constant:100", {}, {.failures = {{7'000'000'000, 9'000'000'000}}});
  machine.clock.now_ns = 5'000'000'000;
  const auto region = machine.enter(Edges::plain);
  for (int i = 0; i < 6; ++i) {
    machine.clock.now_ns += 1'000'000'000;
    machine.sample();
  }
  const RegionResult r = machine.exit(region, Edges::plain);
  EXPECT_NEAR(r.energy.best().value(), machine.truth_j(r), r.energy.half().value());
  EXPECT_GT(machine.book.accumulator().health(0).failures, 0U);
}

TEST(RegionBook, ATickEdgeAfterAStallDoesNotExplode) {
  test::VirtualMachine machine("constant:100", {}, {.stalls = {{5'010'200'000, 5'030'000'000}}});
  machine.clock.now_ns = 5'000'000'000;
  const auto region = machine.enter(Edges::tick);
  machine.clock.now_ns = 5'010'199'900;  // the exit's polling stands still for 20 ms
  const RegionResult r = machine.exit(region, Edges::tick);
  EXPECT_NEAR(r.energy.best().value(), machine.truth_j(r), std::max(0.1, r.energy.half().value()));
}

TEST(RegionBook, ACounterThatStandsStillGivesAPlainEdgeAndSaysSo) {
  test::VirtualMachine machine("constant:100", {.frozen = {{5'000'000'000, 5'100'000'000}}}, {});
  machine.clock.now_ns = 5'010'000'000;
  const auto region = machine.enter(Edges::tick);
  machine.clock.now_ns = 5'200'000'000;
  const RegionResult r = machine.exit(region, Edges::tick);
  EXPECT_FALSE(r.channels[0].ticked);
  EXPECT_THAT(r.notes, ElementsAre(HasSubstr("no tick within 2 ms")));
}

}  // namespace
}  // namespace impact
