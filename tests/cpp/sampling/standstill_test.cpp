// A counter that stands still: what it hides is missing or inside the stated error, and never a measured 0.
#include "impact/sampling/standstill.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "fakes/random.hpp"
#include "impact/sampling/region_sum.hpp"
#include "virtual_machine.hpp"

namespace impact {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kInterval = kSecond / 10;
constexpr std::int64_t kStart = 10 * kSecond;

Instant at(double s) { return instant(std::llround(s * 1e9)); }

Channel energy(const char* id, const char* device = "cpu:0") {
  Channel c;
  c.id = id;
  c.device = device;
  c.domain = Domain::package;
  c.scale = 1e-6;
  c.update_period = 1ms;
  c.max_power = Watts{500};
  return c;
}

std::vector<Reading> row(double s, const std::vector<double>& joules) {
  std::vector<Reading> readings;
  for (std::uint32_t c = 0; c < joules.size(); ++c) {
    readings.push_back({c, Quality::measured, std::llround(joules[c] * 1e6), at(s), at(s)});
  }
  return readings;
}

Mark mark(Mark::Kind kind, double s, const std::vector<double>& joules) {
  Mark m{kind, 1, 0, "r", Edges::plain, at(s), {}};
  for (const Reading& reading : row(s, joules)) m.readings.push_back({reading});
  return m;
}

// A region of 20 s over counters that are read ten times a second; `joules` gives what each shows at a time.
template <class Counters>
RegionResult twenty_seconds(RegionBook& book, const Counters& joules) {
  book.enter(mark(Mark::Kind::enter, 0.0, joules(0.0)));
  for (int i = 1; i < 200; ++i) book.row(row(0.1 * i, joules(0.1 * i)));
  return *book.exit(mark(Mark::Kind::exit, 20.0, joules(20.0)));
}

RegionBook one_counter(const Channel& channel) {
  return RegionBook{{{channel}, {true}, {{Role::in_total}, {}}, 100ms}};
}

TEST(Standstill, OfADeviceThatMayRestIsNone) {
  for (const Domain domain : {Domain::core, Domain::uncore, Domain::igpu, Domain::gpu_memory, Domain::other}) {
    Channel c = energy("c");
    c.domain = domain;
    EXPECT_FALSE(must_move(c));
    EXPECT_EQ(longest_standstill(c), Duration::max());
  }
  Channel model = energy("m");
  model.quality = Quality::modelled;
  model.source = "cpu_model";
  EXPECT_FALSE(must_move(model));
}

TEST(Standstill, OfAProcessorsOwnModelIsOneToo) {
  Channel amd = energy("rapl/package-0");
  amd.quality = Quality::modelled;
  amd.source = "rapl_powercap";
  EXPECT_TRUE(must_move(amd));
}

TEST(Standstill, WaitsForTheCountersOwnPace) {
  Channel c = energy("rapl");
  EXPECT_EQ(longest_standstill(c), 250ms);
  c.update_period = 100ms;
  EXPECT_EQ(longest_standstill(c), 2s);
  c.scale = 3.6e6;  // a kilowatt-hour a count
  EXPECT_GT(longest_standstill(c), std::chrono::hours{24});
  for (const double odd : {1e300, -1e300, std::nan(""), 0.0}) {
    c.scale = odd;
    c.update_period = Duration::max();
    EXPECT_GE(longest_standstill(c), 250ms);
  }
}

TEST(Standstill, ACounterThatNeverMovesIsMissingNotZero) {
  RegionBook book = one_counter(energy("rapl/package-0"));
  const RegionResult r = twenty_seconds(book, [](double) { return std::vector{5000.0}; });
  EXPECT_TRUE(r.energy.is_missing());
  EXPECT_TRUE(r.energy.partial());
  EXPECT_EQ(r.coverage, 0.0);
  EXPECT_EQ(r.channels[0].quality, Quality::missing);
  EXPECT_TRUE(std::isnan(r.channels[0].value));
  EXPECT_THAT(r.notes, Contains(HasSubstr("rapl/package-0: its counter stood still for 20.0 s")));
  EXPECT_EQ(book.accumulator().health(0).standstills, 1U);
  EXPECT_NEAR(seconds(book.accumulator().health(0).gap), 20.0, 1e-6);
}

TEST(Standstill, WithoutASamplerTheTwoEdgesTellIt) {
  RegionBook book = one_counter(energy("a"));
  book.enter(mark(Mark::Kind::enter, 0.0, {7.0}));
  EXPECT_TRUE(book.exit(mark(Mark::Kind::exit, 1.0, {7.0}))->energy.is_missing());
}

TEST(Standstill, AfterAPartOfTheRegionTheRestIsMissing) {
  RegionBook book = one_counter(energy("a"));
  const RegionResult r = twenty_seconds(book, [](double s) { return std::vector{100.0 * std::min(s, 1.7)}; });
  EXPECT_NEAR(r.energy.best().value(), 170.0, r.energy.half().value());
  EXPECT_LT(r.energy.half().value(), 30.0);
  EXPECT_TRUE(r.energy.partial());
  EXPECT_NEAR(r.coverage, 1.7 / 20.0, 1e-3);
  EXPECT_THAT(r.notes, Contains(HasSubstr("stood still for 18.3 s")));
}

TEST(Standstill, OneOfTwoSocketsMakesTheSumPartial) {
  RegionBook book{{{energy("a"), energy("b", "cpu:1")}, {true, true}, {{Role::in_total, Role::in_total}, {}}, 100ms}};
  const RegionResult r = twenty_seconds(book, [](double s) { return std::vector{100.0 * s, 33.0}; });
  EXPECT_NEAR(r.energy.best().value(), 2000.0, 1.0);
  EXPECT_TRUE(r.energy.partial());
  EXPECT_THAT(r.notes, Contains(HasSubstr("b: its counter stood still")));
}

TEST(Standstill, AModelThatWasReadBesideStandsIn) {
  Channel model = energy("cpu_model/package", "cpu");
  model.source = "cpu_model";
  model.quality = Quality::modelled;
  model.relative_error = 0.4;
  RegionBook book{{{energy("a"), energy("b", "cpu:1"), model},
                   {true, true, true},
                   {{Role::in_total, Role::in_total, Role::model_unused}, {}},
                   100ms}};
  const RegionResult r = twenty_seconds(book, [](double s) { return std::vector{100.0 * s, 33.0, 160.0 * s}; });
  EXPECT_NEAR(r.energy.best().value(), 2000.0 + 1600.0, 2.0);
  EXPECT_NEAR(r.energy.modelled().value(), 1600.0, 2.0);
  EXPECT_NEAR(r.energy.bias().value(), 640.0, 2.0);
  EXPECT_EQ(r.energy.quality(), Quality::modelled);
  EXPECT_TRUE(r.energy.partial());
  double sum = 0.0;
  for (const DeviceEnergy& device : device_energies(r, book.settings().channels)) {
    sum += device.energy.is_missing() ? 0.0 : device.energy.value();
  }
  EXPECT_NEAR(sum, r.energy.best().value(), 1e-6);
  EXPECT_THAT(r.notes, Contains(HasSubstr("cpu_model/package: stands in")));
}

// NVML's power beside its counter: a sensor of the same card speaks for it before any model does.
TEST(Standstill, AGaugeOfTheSameDeviceStandsIn) {
  Channel counter = energy("nvml/0/energy", "gpu:0"), other = energy("nvml/1/energy", "gpu:1");
  Channel gauge = energy("nvml/0/power", "gpu:0"), model = energy("gpu_model/all", "gpu");
  for (Channel* c : {&counter, &other, &gauge, &model}) c->domain = Domain::gpu;
  gauge.kind = Kind::gauge;
  gauge.unit = Unit::watt;
  gauge.quantity = "power";
  model.source = "gpu_model";
  model.quality = Quality::modelled;
  RegionBook book{{{counter, other, gauge, model},
                   {true, true, false, true},
                   {{Role::in_total, Role::in_total, Role::duplicate, Role::model_unused}, {}},
                   100ms}};
  const auto shown = [](double stuck_at, double s) {
    return std::vector{300.0 * std::min(s, stuck_at), 50.0 * s, 300.0, 1000.0 * s};
  };
  book.enter(mark(Mark::Kind::enter, 0.0, shown(0.0, 0.0)));
  for (int i = 0; i < 200; ++i) book.row(row(0.1 * i + 0.01, shown(0.0, 0.1 * i + 0.01)));
  const RegionResult whole = *book.exit(mark(Mark::Kind::exit, 20.0, shown(0.0, 20.0)));
  EXPECT_NEAR(whole.energy.best().value(), 6000.0 + 1000.0, 40.0);
  EXPECT_EQ(whole.energy.modelled().value(), 0.0);
  EXPECT_EQ(whole.energy.quality(), Quality::measured);
  EXPECT_TRUE(whole.energy.partial());
  EXPECT_THAT(whole.notes, Contains(HasSubstr("nvml/0/power: stands in")));
}

TEST(Standstill, AGpusCounterAtItsOwnPace) {
  Channel gpu = energy("nvml/0/energy", "gpu:0");
  gpu.domain = Domain::gpu;
  gpu.update_period = 100ms;
  gpu.max_power = Watts{1000};
  RegionBook frozen = one_counter(gpu);
  EXPECT_TRUE(twenty_seconds(frozen, [](double) { return std::vector{9.0}; }).energy.is_missing());
  RegionBook moving = one_counter(gpu);  // in steps of its own 100 ms: 300 W
  const RegionResult r =
      twenty_seconds(moving, [](double s) { return std::vector{300.0 * std::floor(s * 10.0 + 1e-9) / 10.0}; });
  EXPECT_NEAR(r.energy.best().value(), 6000.0, 60.0);
  EXPECT_FALSE(r.energy.partial());
}

TEST(Standstill, OfLessThanTheThresholdIsAnEstimateOrMissing) {
  RegionBook book = one_counter(energy("a"));
  book.row(row(0.0, {0.0}));
  book.row(row(1.0, {100.0}));
  book.enter(mark(Mark::Kind::enter, 1.1, {100.0}));
  const RegionResult r = *book.exit(mark(Mark::Kind::exit, 1.2, {100.0}));
  EXPECT_NEAR(r.energy.best().value(), 10.0, 1e-6);
  EXPECT_EQ(r.energy.quality(), Quality::estimated);
  EXPECT_GE(r.energy.half().value(), 10.0);
  RegionBook unknown = one_counter(energy("a"));
  unknown.enter(mark(Mark::Kind::enter, 1.1, {100.0}));
  const RegionResult missing = *unknown.exit(mark(Mark::Kind::exit, 1.2, {100.0}));
  EXPECT_TRUE(missing.energy.is_missing());
  EXPECT_TRUE(missing.energy.partial());
  EXPECT_THAT(missing.notes, Contains(HasSubstr("a: its counter stood still")));
}

// A GPU whose counter moves every 200 ms, where its kind moves every 100 ms: within 150 ms it shows no growth.
TEST(Standstill, NoGrowthOverMoreThanATickIsNoZero) {
  Channel gpu = energy("nvml/GPU-a/energy", "gpu:GPU-a");
  gpu.domain = Domain::gpu;
  gpu.update_period = 100ms;
  RegionBook fresh = one_counter(gpu);  // no power is known from before
  fresh.enter(mark(Mark::Kind::enter, 1.01, {300.0}));
  const RegionResult unknown = *fresh.exit(mark(Mark::Kind::exit, 1.16, {300.0}));
  EXPECT_TRUE(unknown.energy.is_missing());
  EXPECT_THAT(unknown.notes, Contains(HasSubstr("nvml/GPU-a/energy: its counter stood still")));
  RegionBook known = one_counter(gpu);
  known.row(row(0.0, {0.0}));
  known.row(row(1.0, {300.0}));
  known.enter(mark(Mark::Kind::enter, 1.01, {300.0}));
  const RegionResult r = *known.exit(mark(Mark::Kind::exit, 1.16, {300.0}));
  EXPECT_NEAR(r.energy.best().value(), 45.0, 1e-6);
  EXPECT_EQ(r.energy.quality(), Quality::estimated);
  EXPECT_GE(r.energy.half().value(), 20.0);
}

TEST(Standstill, AnUpdateThatBringsAllTheEnergyWasOnlyLate) {
  RegionBook book = one_counter(energy("a"));
  const RegionResult r =
      twenty_seconds(book, [](double s) { return std::vector{s > 5.05 && s < 15.05 ? 500.0 : 100.0 * s}; });
  EXPECT_NEAR(r.energy.best().value(), 2000.0, 1.0);
  EXPECT_FALSE(r.energy.partial());
  EXPECT_EQ(r.coverage, 1.0);
  EXPECT_EQ(book.accumulator().health(0).resets, 0U);
  EXPECT_GE(r.energy.half().value(), 1000.0);
}

TEST(Standstill, AResetNearTheTopOfTheRangeIsNoWrap) {
  Channel c = energy("a");
  c.range = 262'143'328'850;
  RegionBook book = one_counter(c);
  const double top = 262'143.0;
  book.enter(mark(Mark::Kind::enter, 0.0, {top - 160.0}));
  book.row(row(1.0, {top - 150.0}));
  book.row(row(2.0, {top - 143.0}));
  const RegionResult r = *book.exit(mark(Mark::Kind::exit, 3.0, {1.0}));
  EXPECT_NEAR(r.energy.best().value(), 17.0, 0.1);
  EXPECT_TRUE(r.energy.partial());
  EXPECT_EQ(book.accumulator().health(0).resets, 1U);
}

struct Freeze {
  fakes::Window window;
  bool is_lost = false;
};

// Freezes at random times and of random lengths, with and without the energy handed in afterwards. One that loses its
// energy lasts for longer than what the sampler and the threshold can tell.
std::vector<Freeze> random_freezes(fakes::Random& random) {
  std::vector<Freeze> freezes;
  std::int64_t begin = kStart + kSecond;
  for (std::int64_t n = random.between(0, 3); n > 0; --n) {
    const bool is_lost = random.between(0, 1) == 1;
    begin += random.between(3 * kInterval, 5 * kSecond);
    const std::int64_t length = is_lost ? random.between(6 * kInterval, 8 * kSecond) : random.between(1, 8 * kSecond);
    freezes.push_back({{begin, begin + length}, is_lost});
    begin += length + kSecond;
  }
  return freezes;
}

// A region over a machine whose counter freezes so, begun and ended at random.
class FrozenRegion {
 public:
  FrozenRegion(const char* curve, std::uint64_t seed) : random_(seed), freezes_(random_freezes(random_)) {
    machine_ = std::make_unique<test::VirtualMachine>(curve, ticks(), fakes::ReadModel{});
    machine_->clock.now_ns = kStart - kSecond;
    const std::int64_t enter_at = kStart + random_.between(0, 10 * kSecond);
    sample_until(enter_at);
    const std::uint64_t region = machine_->enter(Edges::plain);
    sample_until(end_after(enter_at));
    result = machine_->exit(region, Edges::plain);
  }

  // What flowed in the time that is covered: freezes that lost their energy are not, nor is one that still lasts.
  double covered_j() const {
    double joules = machine_->truth_j(result);
    for (const Freeze& freeze : freezes_) {
      const bool lasts = freeze.window.end_ns > nanoseconds(result.stop) && result.channels[0].still > Duration{0};
      const std::int64_t from = std::max(freeze.window.begin_ns, nanoseconds(result.start));
      const std::int64_t to = std::min(freeze.window.end_ns, nanoseconds(result.stop));
      if ((freeze.is_lost || lasts) && to > from) joules -= machine_->source->counter().truth_j(from, to);
    }
    return joules;
  }
  double all_j() const { return machine_->truth_j(result); }

  RegionResult result;

 private:
  fakes::TickModel ticks() const {
    fakes::TickModel ticks;
    for (const Freeze& freeze : freezes_) {
      ticks.frozen.push_back(freeze.window);
      if (freeze.is_lost) ticks.lost.push_back(freeze.window);
    }
    return ticks;
  }

  // Just after a freeze begins, no reading can tell it yet.
  std::int64_t end_after(std::int64_t enter_at) {
    std::int64_t end = enter_at + random_.between(2 * kSecond, 20 * kSecond);
    for (const Freeze& freeze : freezes_) {
      const std::int64_t told = freeze.window.begin_ns + 3 * kInterval;
      if (end > freeze.window.begin_ns && end < told) end = told;
    }
    return end;
  }

  void sample_until(std::int64_t end) {
    for (; machine_->clock.now_ns + kInterval < end; machine_->clock.now_ns += kInterval) machine_->sample();
    machine_->clock.now_ns = end;
  }

  fakes::Random random_;
  std::vector<Freeze> freezes_;
  std::unique_ptr<test::VirtualMachine> machine_;
};

TEST(Standstill, RandomFreezesStayWithinTheStatedError) {
  for (const char* curve : {"constant:100", "square:60:140:300ms", "sine:100:60:700ms"}) {
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
      SCOPED_TRACE(testing::Message() << curve << " seed " << seed);
      const FrozenRegion frozen{curve, seed};
      const Energy& energy = frozen.result.energy;
      const double covered_j = frozen.covered_j();
      EXPECT_EQ(energy.partial(), frozen.result.channels[0].still > Duration{0});
      if (energy.is_missing()) {
        EXPECT_LT(covered_j, 0.5 * frozen.all_j());
      } else {
        EXPECT_NEAR(energy.best().value(), covered_j, energy.half().value() + energy.bias().value());
        EXPECT_FALSE(energy.best().value() == 0.0 && energy.quality() == Quality::measured);
      }
    }
  }
}

}  // namespace
}  // namespace impact
