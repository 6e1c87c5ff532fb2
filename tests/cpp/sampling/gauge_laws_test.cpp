// Laws of a power that is read now and then: whatever the load does between two readings, the energy of a region lies within
// its stated half-width 95 times of 100, and a load that changes seldom is known well.
#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "fakes/curve.hpp"
#include "fakes/random.hpp"
#include "impact/sampling/region_book.hpp"

namespace impact {
namespace {

constexpr std::int64_t kMs = 1'000'000, kSecond = 1'000 * kMs;

// A load that works and rests by turns, each for a time drawn at random around `mean_ns`.
fakes::Curve random_load(fakes::Random& random, std::int64_t mean_ns, std::int64_t length_ns) {
  std::vector<std::pair<std::int64_t, double>> steps;
  const auto low_w = static_cast<double>(random.between(5, 80)), high_w = static_cast<double>(random.between(150, 500));
  bool is_high = random.between(0, 1) == 1;
  for (std::int64_t t = 0; t < length_ns; is_high = !is_high) {
    steps.emplace_back(t, is_high ? high_w : low_w);
    t += 1 + static_cast<std::int64_t>(-std::log(1.0 - random.uniform()) * static_cast<double>(mean_ns));
  }
  return fakes::Curve::steps(std::move(steps));
}

Channel power(Duration window) {
  Channel c;
  c.id = "board/power";
  c.device = "cpu:0";
  c.domain = Domain::package;
  c.quantity = "power";
  c.kind = Kind::gauge;
  c.unit = Unit::watt;
  c.scale = 1e-3;
  c.window = window;
  return c;
}

struct Held {
  int regions = 0, held = 0;
  double widths = 0;  // sum of half-widths, as parts of the truth
  double part() const { return static_cast<double>(held) / regions; }
  double width() const { return widths / regions; }
};

// One region of a load that is read each second, late by up to a fifth of it, and shows the mean over `window_ns`.
void try_region(fakes::Random& random, std::int64_t mean_ns, std::int64_t window_ns, Held& held) {
  constexpr std::int64_t kInterval = kSecond;
  const std::int64_t start = 5 * kInterval + random.between(0, kInterval);
  const std::int64_t stop = start + random.between(10, 300) * kInterval + random.between(0, kInterval);
  const fakes::Curve curve = random_load(random, mean_ns, stop + 10 * kInterval);
  RegionBook book{
      BookSettings{{power(Duration{window_ns})}, {false}, {{Role::in_total}, {}}, std::chrono::nanoseconds{kInterval}}};
  auto read_until = [&, next = kInterval](std::int64_t end) mutable {
    for (; next < end; next += kInterval) {
      const std::int64_t t = next + random.between(0, kInterval / 5);
      const double watts =
          window_ns > 0 ? curve.energy_j(t - window_ns, t) * 1e9 / static_cast<double>(window_ns) : curve.power_w(t);
      const Reading reading{0, Quality::measured, std::llround(watts * 1e3), instant(t), instant(t)};
      book.row({&reading, 1});
    }
  };
  read_until(start);
  book.enter({Mark::Kind::enter, 1, 0, "region", Edges::plain, instant(start), {}});
  read_until(stop);
  RegionResult result = *book.exit({Mark::Kind::exit, 1, 0, "", Edges::plain, instant(stop), {}});
  read_until(stop + 4 * kInterval);
  for (RegionResult& settled : book.take_settled()) result = std::move(settled);
  ASSERT_FALSE(result.provisional);
  const Energy& energy = result.energy;
  const double truth_j = curve.energy_j(start, stop);
  ++held.regions;
  held.held += std::abs(energy.best().value() - truth_j) <= energy.half().value() ? 1 : 0;
  held.widths += energy.half().value() / truth_j;
}

Held try_regions(std::int64_t mean_ns, std::int64_t window_ns) {
  Held held;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    fakes::Random random(seed);
    try_region(random, mean_ns, window_ns, held);
  }
  return held;
}

class LoadBetweenReadings : public testing::TestWithParam<std::int64_t> {
};  // how long it works or rests in the mean, ms

TEST_P(LoadBetweenReadings, LiesWithinTheHalfWidth) {
  const Held held = try_regions(GetParam() * kMs, 0);
  EXPECT_GE(held.part(), 0.93) << held.held << " of " << held.regions;
  EXPECT_LE(held.width(), 0.35);
}

INSTANTIATE_TEST_SUITE_P(Times, LoadBetweenReadings, testing::Values(30, 150, 400, 1'000, 3'000, 20'000));

TEST(GaugeLaws, ASensorThatAveragesAllOfTheTimeIsAsSharpAsBefore) {
  const Held held = try_regions(300 * kMs, kSecond);
  EXPECT_GE(held.part(), 0.93);
  EXPECT_LE(held.width(), 0.05);
}

TEST(GaugeLaws, AConstantPowerHasNoErrorBetweenItsReadings) {
  RegionBook book{BookSettings{{power(Duration{0})}, {false}, {{Role::in_total}, {}}, std::chrono::seconds{1}}};
  const auto read = [&](std::int64_t s) {
    const Reading reading{0, Quality::measured, 100'000, instant(s * kSecond), instant(s * kSecond)};
    book.row({&reading, 1});
  };
  read(0);
  book.enter({Mark::Kind::enter, 1, 0, "region", Edges::plain, instant(kSecond / 2), {}});
  for (std::int64_t s = 1; s <= 100; ++s) read(s);
  const RegionResult result = *book.exit({Mark::Kind::exit, 1, 0, "", Edges::plain, instant(100 * kSecond), {}});
  EXPECT_NEAR(result.energy.best().value(), 9'950.0, 1e-6);
  EXPECT_LT(result.energy.half().value(), 160.0);  // that of its two edges alone
}

}  // namespace
}  // namespace impact
