// The stated 95 % interval holds the truth, and tick edges reach their accuracy: thousands of regions of the known
// curves, in virtual time, with seeded read delays and tick jitter.

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <cstdio>

#include "fakes/random.hpp"
#include "virtual_machine.hpp"

namespace impact {
namespace {

struct Outcome {
  double rms = 0.0;       // error / mean true energy
  double coverage = 0.0;  // part of the regions whose interval holds the truth
  double bias = 0.0;
};

Outcome run(const std::string& curve, Edges edges, Duration length, int regions, std::uint64_t seed,
            std::int64_t longest_read_ns = 5'000) {
  test::VirtualMachine machine(curve, {.jitter_ns = 20'000, .seed = seed},
                               {.delay_min_ns = 500, .delay_max_ns = longest_read_ns, .seed = seed + 1});
  fakes::Random random{seed + 2};
  machine.clock.now_ns += 5'000'000'000;
  machine.sample();
  double squares = 0.0;
  double sum = 0.0;
  double energy = 0.0;
  int held = 0;
  for (int i = 0; i < regions; ++i) {
    machine.clock.now_ns += random.between(3'000'000, 90'000'000);
    const auto id = machine.enter(edges);
    machine.clock.now_ns += length.count();
    const RegionResult r = machine.exit(id, edges);
    const double truth = machine.truth_j(r);
    const double error = r.energy.best().value() - truth;
    squares += error * error;
    sum += error;
    energy += truth;
    if (std::abs(error) <= r.energy.half().value()) ++held;
  }
  const double mean = energy / regions;
  return {std::sqrt(squares / regions) / mean, static_cast<double>(held) / regions, sum / regions / mean};
}

constexpr std::array kCurves{"constant:100", "square:20:180:50ms", "sine:100:80:30ms"};
constexpr int kRegions = 2'000;

class Calibration : public testing::TestWithParam<int> {};  // length of the regions in ms

double worst_rms(Edges edges, int ms, double& pooled) {
  double worst = 0.0;
  pooled = 0.0;
  for (const char* curve : kCurves) {
    const Outcome o = run(curve, edges, std::chrono::milliseconds{ms}, kRegions, 7);
    std::printf("%-5s %6d ms  %-20s rms %8.4f %%  bias %8.4f %%  held %5.1f %%\n",
                std::string(to_string(edges)).c_str(), ms, curve, 100 * o.rms, 100 * o.bias, 100 * o.coverage);
    worst = std::max(worst, o.rms);
    pooled += o.coverage / kCurves.size();
  }
  return worst;
}

TEST_P(Calibration, TickEdgesHoldTheTruthIn93To98PercentAndReachTheirAccuracy) {
  double pooled = 0.0;
  const double rms = worst_rms(Edges::tick, GetParam(), pooled);
  EXPECT_GE(pooled, 0.93);
  EXPECT_LE(pooled, 0.98);
  EXPECT_LE(rms, 0.005 * 10 / GetParam());  // 0.5 % at 10 ms, 0.05 % at 100 ms, 0.005 % at 1 s
}

TEST_P(Calibration, PlainEdgesHoldTheTruthInAtLeast93Percent) {
  double pooled = 0.0;
  worst_rms(Edges::plain, GetParam(), pooled);
  EXPECT_GE(pooled, 0.93);
}

INSTANTIATE_TEST_SUITE_P(Lengths, Calibration, testing::Values(2, 5, 10, 30, 100, 300, 1'000, 10'000));

// On a machine with more to do than cores a read is held up, before or after it saw the counter, for many ticks.
TEST(Calibration, ReadsThatAreHeldUpAreSaidToBeInexact) {
  for (const Edges edges : {Edges::tick, Edges::plain}) {
    for (const std::int64_t longest_ns : {200'000, 2'000'000, 20'000'000}) {
      double pooled = 0.0;
      for (const char* curve : kCurves) {
        const Outcome o = run(curve, edges, std::chrono::milliseconds{200}, kRegions, 11, longest_ns);
        std::printf("%-5s reads up to %5.1f ms  %-20s rms %8.4f %%  held %5.1f %%\n",
                    std::string(to_string(edges)).c_str(), 1e-6 * static_cast<double>(longest_ns), curve, 100 * o.rms,
                    100 * o.coverage);
        pooled += o.coverage / kCurves.size();
      }
      EXPECT_GE(pooled, 0.93) << to_string(edges) << " edges, reads up to " << longest_ns << " ns";
    }
  }
}

TEST(Calibration, PlainRegionsWithWrapsAreAsExactAsWithout) {
  Channel channel = test::rapl_channel(1ULL << 23U);  // wraps every 512 J: about each 5 s
  test::VirtualMachine machine("square:20:180:50ms", {.jitter_ns = 20'000, .range = 1ULL << 23U},
                               {.delay_max_ns = 5'000}, channel);
  for (const int seconds : {10, 60}) {
    const auto region = machine.enter(Edges::tick);
    const std::int64_t end = machine.clock.now_ns + seconds * 1'000'000'000LL;
    while (machine.clock.now_ns < end) {
      machine.clock.now_ns += 200'000'000;
      machine.sample();
    }
    const RegionResult r = machine.exit(region, Edges::tick);
    EXPECT_NEAR(r.energy.best().value() / machine.truth_j(r), 1.0, 2e-5 * 10 / seconds);
    EXPECT_EQ(r.energy.quality(), Quality::measured);
  }
  EXPECT_GT(machine.book.accumulator().health(0).wraps, 10U);
}

}  // namespace
}  // namespace impact
