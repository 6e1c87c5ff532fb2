// What weighing costs: a day at 10 Hz with an intensity of a year at 5 minutes (goal: 50 ms), 10,000 draws of a report of
// 25 results over 30 factors (goal: 0.5 s).

#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "impact/model/intensity_series.hpp"
#include "impact/model/uncertainty.hpp"

namespace {

using namespace impact::model;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kStepsAYear = 365 * 288;
constexpr std::int64_t kSamplesADay = 864'000;

void weigh_a_day(benchmark::State& state) {
  std::vector<std::int64_t> grid_times, times;
  std::vector<double> grid, joules;
  for (std::int64_t i = 0; i < kStepsAYear; ++i) {
    grid_times.push_back(i * 300 * kSecond);
    grid.push_back(300.0 + 100.0 * std::sin(static_cast<double>(i) / 288.0));
  }
  for (std::int64_t i = 0; i <= kSamplesADay; ++i) {
    times.push_back(200 * 86'400 * kSecond + i * kSecond / 10);
    joules.push_back(static_cast<double>(i) * 10.0);
  }
  for (auto _ : state) {
    const IntensitySeries series(grid_times, grid, kStepsAYear * 300 * kSecond, Shape::step, 0);
    benchmark::DoNotOptimize(series.weigh(times, joules, EnergyKind::cumulative).impact);
  }
}
BENCHMARK(weigh_a_day)->Unit(benchmark::kMillisecond);

void draw_a_report(benchmark::State& state) {
  constexpr std::size_t kInputs = 30, kResults = 25, kTerms = 12;
  const std::vector<Input> inputs(kInputs, Input{Spread::lognormal, 0.8, 1.0, 1.3});
  std::vector<Sum> results(kResults);
  for (Sum& sum : results) {
    for (std::size_t t = 0; t < kTerms; ++t) {
      sum.push_back({1.0, {{t, 1.0}, {(t + 1) % kInputs, 1.0}, {(t + 2) % kInputs, -1.0}}});
    }
  }
  for (auto _ : state) benchmark::DoNotOptimize(monte_carlo(inputs, results, 10'000, 1).front().mean);
}
BENCHMARK(draw_a_report)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
