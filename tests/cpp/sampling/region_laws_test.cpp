// Laws that hold of regions whatever the machine does: parts add up to their whole, a child has no more than its parent,
// and nothing is invented where the counter wraps, begins anew, fails or is not read for a while.
#include <gtest/gtest.h>

#include <cmath>

#include "fakes/random.hpp"
#include "virtual_machine.hpp"

namespace impact {
namespace {

constexpr std::int64_t kMs = 1'000'000, kSecond = 1'000 * kMs;

std::string random_curve(fakes::Random& random) {
  const std::string low = std::to_string(random.between(1, 60)), high = std::to_string(random.between(80, 400));
  const std::string period = std::to_string(random.between(3, 2'000)) + "ms";
  switch (random.between(0, 2)) {
    case 0: return "constant:" + high;
    case 1: return "square:" + low + ":" + high + ":" + period;
    default: return "sine:" + std::to_string(random.between(100, 400)) + ":" + low + ":" + period;
  }
}

// Reads that fail, and a range that wraps every few seconds.
test::VirtualMachine random_machine(fakes::Random& random) {
  fakes::ReadModel reads{.delay_min_ns = 500, .delay_max_ns = random.between(500, 50'000), .seed = random.next()};
  for (std::int64_t n = random.between(0, 3); n > 0; --n) {
    const std::int64_t begin = random.between(kSecond, 60 * kSecond);
    reads.failures.push_back({begin, begin + random.between(kMs, 2 * kSecond)});
  }
  const std::uint64_t range = std::uint64_t{1} << static_cast<unsigned>(random.between(26, 32));
  const fakes::TickModel ticks{.jitter_ns = 20'000, .range = range, .seed = random.next()};
  return {random_curve(random), ticks, reads, test::rapl_channel(range)};
}

double error_j(const RegionResult& r) { return r.energy.half().value(); }

TEST(RegionLaws, PartsAddUpAndAChildHasNoMoreThanItsParent) {
  int held = 0, all = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    fakes::Random random(seed);
    test::VirtualMachine machine = random_machine(random);
    const std::int64_t interval = random.between(50 * kMs, kSecond);
    const auto pass = [&](std::int64_t length) {
      for (const std::int64_t end = machine.clock.now_ns + length; machine.clock.now_ns < end;) {
        machine.clock.now_ns += std::min(interval, end - machine.clock.now_ns);
        machine.sample();
      }
    };
    pass(random.between(kSecond, 5 * kSecond));
    const Edges edges = random.between(0, 1) == 0 ? Edges::plain : Edges::tick;
    const std::uint64_t whole = machine.enter(edges);
    double sum_j = 0, variance = 0;
    bool all_known = true;
    std::vector<RegionResult> parts;
    for (std::int64_t n = random.between(1, 6); n > 0; --n) {
      const std::uint64_t part = machine.enter(edges);
      pass(random.between(kMs, 3 * kSecond));
      parts.push_back(machine.exit(part, edges));
    }
    const RegionResult parent = machine.exit(whole, edges);
    for (const RegionResult& part : parts) {
      if (part.energy.is_missing()) {
        all_known = false;
        continue;
      }
      sum_j += part.energy.best().value();
      variance += error_j(part) * error_j(part);
      ++all;
      const double truth = machine.truth_j(part);
      held += std::abs(part.energy.best().value() - truth) <= error_j(part) ? 1 : 0;
      EXPECT_GT(part.energy.best().value(), 0.0);
      if (!part.energy.partial()) {
        EXPECT_NEAR(part.energy.best().value(), truth, 3 * error_j(part) + 0.01);
      }
    }
    if (parent.energy.is_missing() || !all_known) continue;
    EXPECT_LE(sum_j, parent.energy.best().value() + std::sqrt(variance) + error_j(parent));
    // Between two parts lies no more than the reads at their edges, which wait 2 ms for a tick at most.
    const double between_j = 400.0 * 2 * 0.0025 * static_cast<double>(parts.size() + 1);
    if (!parent.energy.partial()) {
      EXPECT_NEAR(sum_j, parent.energy.best().value(), std::sqrt(variance) + error_j(parent) + between_j);
    }
  }
  EXPECT_GT(held, 0.93 * all) << held << " of " << all;
}

}  // namespace
}  // namespace impact
