#include "impact/tracker/unite.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "cpp/tracker/united.hpp"
#include "impact/tracker/replay.hpp"
#include "impact/tracker/sharing_note.hpp"

namespace impact::test {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

TEST_F(Unite, EightRanksAreOneMachine) {
  for (int i = 0; i < 8; ++i) rank({rapl(kSquare)}, 100 + 0.01 * i);
  for (int i = 0; i < 8; ++i) ranks_[static_cast<std::size_t>(i)]->start(100.02 + 0.013 * i);
  for (int i = 0; i < 8; ++i) ranks_[static_cast<std::size_t>(i)]->stop(160 + 0.07 * ((5 * i) % 8));
  const United u = united();
  EXPECT_EQ(nanoseconds(u.run.start), std::llround(100.02e9));
  EXPECT_EQ(nanoseconds(u.run.stop), std::llround(160.49e9));
  expect_holds(u.run, truth(kSquare, u.run));
  EXPECT_EQ(u.run.coverage, 1.0);
  EXPECT_FALSE(u.run.energy.partial());
  EXPECT_EQ(u.run.energy.quality(), Quality::measured);
  // The error is that of the two outer edges alone, however many records there are.
  EXPECT_LT(u.run.energy.half().value(), 0.4);
  ASSERT_THAT(u.records, SizeIs(8));
  for (std::size_t i = 0; i < 8; ++i) {
    const Replay own = replay(ranks_[i]->span().path).value();
    EXPECT_NEAR(u.records[i].energy.best().value(), own.run->energy.best().value(), 1e-6);
    EXPECT_EQ(u.records[i].start, own.run->start);
    EXPECT_EQ(u.records[i].stop, own.run->stop);
  }
}

TEST_F(Unite, OneRecordIsItself) {
  RankRecord& only = rank({rapl(kSquare)}, 5);
  only.start(5.1);
  only.enter(1, "epoch", 6);
  only.exit(1, 7.5);
  only.stop(9);
  const United u = united();
  const Replay own = replay(only.span().path).value();
  EXPECT_EQ(u.run.energy.best().value(), own.run->energy.best().value());
  EXPECT_EQ(u.run.energy.half().value(), own.run->energy.half().value());
  ASSERT_THAT(u.regions, SizeIs(1));
  EXPECT_EQ(u.regions[0].energy.best().value(), own.regions[0].energy.best().value());
}

TEST_F(Unite, CountersThatWrapAreUnwrappedOnce) {
  const auto meter = [] {
    Meter m = rapl("constant:150", 1'000'000, 3);  // 61 J: every 0.4 s
    m.channel.max_power = Watts{200};
    return m;
  };
  RankRecord& a = rank({meter()}, 10);
  RankRecord& b = rank({meter()}, 10);
  a.start(10.1);
  b.start(10.11);
  for (int i = 0; i < 200; ++i) {  // often enough: each of the two reads it every 0.2 s
    const auto region = static_cast<std::uint64_t>(i + 1);
    (i % 2 != 0 ? a : b).enter(region, "step", 10.15 + 0.1 * i);
    (i % 2 != 0 ? a : b).exit(region, 10.24 + 0.1 * i);
  }
  a.stop(30.2);
  b.stop(30.22);
  const United u = united();
  expect_holds(u.run, truth("constant:150", u.run));
  EXPECT_EQ(u.run.energy.quality(), Quality::measured);
  ASSERT_THAT(u.regions, SizeIs(200));
  for (const RegionResult& r : u.regions) expect_holds(r, truth("constant:150", r));
}

TEST_F(Unite, ARankThatDiesLeavesNoHole) {
  for (int i = 0; i < 3; ++i) rank({rapl(kSquare)}, 50);
  for (const auto& r : ranks_) r->start(50.5);
  ranks_[0]->enter(1, "epoch", 55);
  ranks_[0]->die(60.4);
  ranks_[1]->stop(80);
  ranks_[2]->stop(79);
  const United u = united();
  EXPECT_EQ(u.run.stop, instant(80 * kSecond));
  expect_holds(u.run, truth(kSquare, u.run));
  EXPECT_EQ(u.run.coverage, 1.0);
  EXPECT_LT(u.run.energy.half().value(), 0.4);
}

TEST_F(Unite, TheLastToLeaveIsTheEndThoughAnothersReadsTookLonger) {
  for (int i = 0; i < 2; ++i) rank({rapl(kSquare)}, 50);
  for (const auto& r : ranks_) r->start(50.5);
  ranks_[0]->stop(80.0004, 6'000'000);
  ranks_[1]->stop(80.0034);
  const United u = united();
  EXPECT_EQ(nanoseconds(u.run.stop), std::llround(80.0034e9));
  expect_holds(u.run, truth(kSquare, u.run));
}

TEST_F(Unite, WhereAllDieTheLastReadingIsTheEnd) {
  for (int i = 0; i < 2; ++i) rank({rapl(kSquare)}, 50);
  for (const auto& r : ranks_) r->start(50.5);
  ranks_[0]->die(60.4);
  ranks_[1]->die(61.4);
  const United u = united();
  EXPECT_EQ(u.run.stop, ranks_[1]->span().stop);
  expect_holds(u.run, truth(kSquare, u.run));
  EXPECT_EQ(u.run.coverage, 1.0);
}

TEST_F(Unite, EachGpuCountsOnceWhoeverSeesIt) {
  for (int i = 0; i < 4; ++i) {
    Meter gpu = rapl("constant:" + std::to_string(100 + i));
    gpu.channel.id = "nvml/GPU-" + std::to_string(i) + "/energy";
    gpu.channel.source = "nvml";
    gpu.channel.device = "gpu:GPU-" + std::to_string(i);
    gpu.channel.domain = Domain::gpu;
    rank({rapl("constant:50"), gpu}, 20).start(20.1 + 0.001 * i);
  }
  for (const auto& r : ranks_) r->stop(120);
  const United u = united();
  ASSERT_THAT(u.channels, SizeIs(5));
  // A GPU is measured from when its own rank begins: three milliseconds at the most are not covered, and that is said.
  EXPECT_NEAR(u.run.energy.best().value(), (50 + 100 + 101 + 102 + 103) * 99.9, 1.5);
  EXPECT_GT(u.run.coverage, 0.9999);
}

Meter perf(const std::string& curve) {
  Meter m = rapl(curve, 0);
  m.channel.source = "rapl_perf";
  m.channel.scale = 1.0 / (std::uint64_t{1} << 32U);
  m.channel.own_zero = true;
  fakes::TickModel ticks;
  ticks.unit_j = m.channel.scale;
  ticks.range = ~std::uint64_t{0};
  m.counter = {fakes::Curve::parse(curve), ticks};
  return m;
}

// Ranks that begin, enter a region, leave it, end and die at any time: how often the truth lies in the stated interval.
TEST_F(Unite, TheStatedIntervalsHoldTheTruth) {
  for (const bool own_zero : {false, true}) {
    fakes::Random random{own_zero ? 11U : 7U};
    const auto any = [&](double low, double high) {
      return low + (high - low) * 1e-9 * static_cast<double>(random.between(0, 1'000'000'000));
    };
    constexpr int kTrials = 150;
    int runs = 0, regions = 0, all_regions = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
      const std::string curve = "square:20:180:" + std::to_string(random.between(30, 3000)) + "ms";
      ranks_.clear();
      for (int i = 0; i < 4; ++i) {
        RankRecord& r = rank({own_zero ? perf(curve) : rapl(curve)}, any(100, 101));
        r.start(any(101, 103));
        r.enter(1, "work", any(110, 112));
        r.exit(1, any(120, 125));
        random.between(0, 4) == 0 ? r.die(any(126, 140)) : r.stop(any(126, 140));
      }
      const United u = united();
      runs += std::abs(u.run.energy.best().value() - truth(curve, u.run)) <= u.run.energy.half().value();
      for (const RegionResult& r : u.regions) {
        ++all_regions;
        regions += std::abs(r.energy.best().value() - truth(curve, r)) <= r.energy.half().value();
      }
    }
    EXPECT_GE(runs, kTrials * 93 / 100) << own_zero;
    EXPECT_GE(regions, all_regions * 93 / 100) << own_zero;
  }
}

TEST_F(Unite, PerfCountersAreBroughtToOneZero) {
  const auto meter = [] { return perf("square:20:180:730ms"); };
  // The first to begin is the first to end: the others go on from it at an estimated distance.
  const double begins[] = {100.0, 100.31, 100.57, 100.83};
  const double ends[] = {190.1, 220.4, 160.2, 220.3};
  for (int i = 0; i < 4; ++i) {
    rank({meter()}, begins[i]);
    ranks_.back()->start(begins[i] + 0.05);
  }
  ranks_[2]->enter(1, "late", 130.123);
  ranks_[2]->exit(1, 150.456);
  for (std::size_t i = 0; i < 4; ++i) ranks_[i]->stop(ends[i]);
  const United u = united();
  expect_holds(u.run, truth("square:20:180:730ms", u.run));
  EXPECT_EQ(u.run.coverage, 1.0);
  EXPECT_FALSE(u.run.energy.partial());
  EXPECT_LT(u.run.energy.half().value(), 0.01 * u.run.energy.best().value());
  ASSERT_THAT(u.regions, SizeIs(1));
  expect_holds(u.regions[0], truth("square:20:180:730ms", u.regions[0]));
  EXPECT_LT(u.regions[0].energy.half().value(), 0.1 * u.regions[0].energy.best().value());
}

TEST_F(Unite, RegionsOfOneNameAreOneWhileAnybodyIsInside) {
  for (int i = 0; i < 2; ++i) rank({rapl(kSquare)}, 10);
  for (const auto& r : ranks_) r->start(10.1);
  ranks_[0]->enter(1, "epoch", 12.0);
  ranks_[1]->enter(1, "epoch", 12.5);
  ranks_[0]->exit(1, 14.0);
  ranks_[1]->exit(1, 15.0);
  ranks_[1]->enter(2, "epoch", 16.0);
  ranks_[1]->exit(2, 17.0);
  ranks_[0]->enter(2, "save", 18.0);
  ranks_[0]->exit(2, 18.5);
  for (const auto& r : ranks_) r->stop(20);
  const United u = united();
  ASSERT_THAT(u.regions, SizeIs(3));
  const std::vector<std::pair<double, double>> expected{{12.0, 15.0}, {16.0, 17.0}, {18.0, 18.5}};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(u.regions[i].name, i < 2 ? "epoch" : "save");
    EXPECT_EQ(nanoseconds(u.regions[i].start), std::llround(expected[i].first * 1e9));
    EXPECT_EQ(nanoseconds(u.regions[i].stop), std::llround(expected[i].second * 1e9));
    expect_holds(u.regions[i], truth(kSquare, u.regions[i]));
  }
}

TEST_F(Unite, AMeterThatRanksReadInTurnIsWhole) {
  const auto wall = [] { return gauge("redfish/node/power", "node", Domain::wall, "steps:200@0s:300@110s"); };
  RankRecord& a = rank({rapl(kSquare), wall()}, 100);
  RankRecord& b = rank({rapl(kSquare), wall()}, 100.4);
  b.note(sharing_note("redfish", {Sharing::State::elsewhere, 4711}));
  b.stop_reading(1);
  a.start(100.1);
  b.start(100.5);
  a.rows_until(120);
  a.die(120);
  b.rows_until(121);
  b.read_again();
  b.stop(140);
  const United u = united();
  const auto meter =
      std::ranges::find(u.channels, std::string("redfish/node/power"), &Channel::id) - u.channels.begin();
  const ChannelResult& part = u.run.channels[static_cast<std::size_t>(meter)];
  EXPECT_EQ(part.role, Role::apart);
  EXPECT_EQ(part.quality, Quality::measured);
  EXPECT_EQ(part.coverage, 1.0);
  EXPECT_NEAR(part.value, 200 * 9.9 + 300 * 30, 150);
  EXPECT_THAT(u.run.notes, testing::Not(Contains(HasSubstr("redfish"))));
  expect_holds(u.run, truth(kSquare, u.run));
}

TEST_F(Unite, AMeterThatNobodysRecordHoldsIsSaid) {
  RankRecord& a = rank({rapl(kSquare), gauge("redfish/node/power", "node", Domain::wall, "constant:200")}, 100);
  RankRecord& b = rank({rapl(kSquare)}, 100);
  a.note(sharing_note("redfish", {Sharing::State::elsewhere, 4711}));
  a.stop_reading(1);
  a.start(100.1);
  b.start(100.5);
  a.stop(120);
  b.stop(121);
  EXPECT_THAT(united().run.notes, Contains(HasSubstr("redfish: read by a process of the run whose record is not")));
  const Replay own = replay(a.span().path).value();
  EXPECT_THAT(own.run->notes, Contains("redfish: read by another rank (process 4711), whose record holds it"));
}

TEST_F(Unite, WhereTheOneWithTheSensorDiesTheModelGoesOn) {
  const auto model = [] {
    Meter m = rapl("constant:80", 0, 0);
    m.channel.id = "cpu_model/package";
    m.channel.source = "cpu_model";
    m.channel.device = "cpu";
    m.channel.quality = Quality::modelled;
    m.channel.relative_error = 0.5;
    m.counter = {fakes::Curve::parse("constant:80"), {.range = ~std::uint64_t{0}}};
    return m;
  };
  Meter unused = model();
  unused.role = Role::model_unused;
  RankRecord& privileged = rank({rapl("constant:100"), unused}, 100, {"memory"});
  RankRecord& plain = rank({model()}, 100, {"memory"});
  privileged.start(100.5);
  plain.start(101);
  privileged.stop(150);
  plain.stop(200);
  const United u = united();
  EXPECT_NEAR(u.run.energy.best().value(), 100 * 49.5 + 80 * 50, 2 + u.run.energy.half().value());
  EXPECT_NEAR(u.run.energy.modelled().value(), 80 * 50, 2);
  EXPECT_EQ(u.run.energy.quality(), Quality::modelled);
  EXPECT_EQ(nanoseconds(u.run.start), std::llround(100.5e9));
  EXPECT_EQ(nanoseconds(u.run.stop), 200 * kSecond);
  double sum = 0;
  for (const ChannelResult& part : u.run.channels) sum += part.role == Role::in_total ? part.value : 0;
  EXPECT_NEAR(sum, u.run.energy.best().value(), 1e-6);
  EXPECT_THAT(u.run.notes, Contains("memory: not measured"));
}

TEST_F(Unite, ChannelsThatRecordsDescribeDifferentlyAreNotMixed) {
  Meter other = rapl(kSquare);
  other.channel.scale *= 4;
  rank({rapl(kSquare)}, 10).start(10.1);
  rank({other}, 10).start(10.1);
  for (const auto& r : ranks_) r->stop(20);
  const United u = united();
  expect_holds(u.run, truth(kSquare, u.run));
  EXPECT_THAT(u.run.notes, Contains(HasSubstr("records describe it differently")));
}

TEST_F(Unite, WhatIsNoRecordIsAnError) {
  std::ofstream(dir_ / "none.jsonl") << "no record\n";
  EXPECT_FALSE(unite({{dir_ / "none.jsonl", {}, {}}}));
  EXPECT_FALSE(unite({{dir_ / "lost.jsonl", {}, {}}}));
  EXPECT_FALSE(unite({}));
}

}  // namespace
}  // namespace impact::test
