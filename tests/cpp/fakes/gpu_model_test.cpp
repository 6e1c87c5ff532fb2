#include "fakes/nvml/gpu_model.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include <nlohmann/json.hpp>

namespace impact::fakes {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMs;

Gpu gpu_of(const char* config) { return Gpu::from(nlohmann::json::parse(config), 0); }

/// Brute force: the mean of many readings of the curve.
double mean_of(const Curve& curve, std::int64_t from, std::int64_t to) {
  constexpr int kPoints = 20'000;
  double sum = 0;
  for (int i = 0; i < kPoints; ++i) sum += curve.power_w(from + (to - from) * (2 * i + 1) / (2 * kPoints));
  return sum / kPoints;
}

TEST(GpuModel, EveryArchitectureShowsTheMeanOfItsWindow) {
  struct Row {
    const char* arch;
    std::int64_t update_ms, window_ms;
  };
  for (const Row row : {Row{"hopper", 100, 1000}, Row{"ada", 100, 1000}, Row{"ampere", 100, 1000},
                        Row{"ga100", 100, 25}, Row{"turing", 100, 100}, Row{"volta", 20, 10}, Row{"pascal", 20, 10}}) {
    for (const char* text : {"sine:200:150:130ms", "square:50:350:70ms", "steps:50@0s:300@3s"}) {
      const Gpu gpu = gpu_of(nlohmann::json{{"arch", row.arch}, {"curve", text}}.dump().c_str());
      for (std::int64_t t = 2900 * kMs; t < 3300 * kMs; t += 33 * kMs) {
        const std::int64_t update = t - t % (row.update_ms * kMs);
        const double expected = mean_of(gpu.curve, update - row.window_ms * kMs, update);
        ASSERT_NEAR(gpu.power_mw(*gpu.usage, gpu.curve, t) * 1e-3, expected, 0.3) << row.arch << text << t;
      }
    }
  }
}

TEST(GpuModel, HopperInstantSeesAQuarterOfTheTime) {
  // Busy in exactly the three quarters that the 25 ms windows before each 100 ms update do not see.
  const Gpu gpu = gpu_of(R"({"arch": "hopper", "curve": "square:100:700:100ms:25ms"})");
  EXPECT_EQ(gpu.instant->window_ns, 25 * kMs);
  EXPECT_NEAR(gpu.curve.mean_w(0, kSecond), 400, 1e-9);
  EXPECT_NEAR(gpu.power_mw(*gpu.instant, gpu.curve, 10 * kSecond + 50 * kMs) * 1e-3, 100, 1e-3);
  EXPECT_NEAR(gpu.power_mw(*gpu.usage, gpu.curve, 10 * kSecond + 50 * kMs) * 1e-3, 400, 1e-3);
}

TEST(GpuModel, AverageLagsAStepByItsWindow) {
  const Gpu gpu = gpu_of(R"({"arch": "ada", "curve": "steps:50@0s:250@5s"})");
  EXPECT_EQ(gpu.power_mw(*gpu.usage, gpu.curve, 5 * kSecond + 99 * kMs), 50'000U);
  EXPECT_EQ(gpu.power_mw(*gpu.usage, gpu.curve, 5 * kSecond + 500 * kMs), 150'000U);
  EXPECT_EQ(gpu.power_mw(*gpu.usage, gpu.curve, 6 * kSecond), 250'000U);
}

TEST(GpuModel, KeplersCapacitorApproachesAStep) {
  const Gpu gpu = gpu_of(R"({"arch": "kepler", "curve": "steps:50@0s:150@1s",
                             "usage": {"update_ms": 10, "window_ms": 10, "rc_ms": 100}})");
  const double after_100_ms = gpu.power_mw(*gpu.usage, gpu.curve, kSecond + 100 * kMs) * 1e-3;
  EXPECT_NEAR(after_100_ms, 150 - 100 * std::exp(-1.0), 1e-3);
  EXPECT_NEAR(gpu.power_mw(*gpu.usage, gpu.curve, 9 * kSecond) * 1e-3, 150, 1e-2);
}

TEST(GpuModel, TheCounterIsTheIntegralAtItsLastUpdate) {
  const Gpu gpu =
      gpu_of(R"({"arch": "volta", "curve": "sine:200:150:130ms", "start_j": 1e6, "counter_update_ms": 50})");
  for (std::int64_t t = kSecond; t < 2 * kSecond; t += 17 * kMs) {
    const double counted = static_cast<double>(gpu.energy_mj(t) - gpu.energy_mj(0)) * 1e-3;
    ASSERT_NEAR(counted, gpu.curve.energy_j(0, t - t % (50 * kMs)), 2e-3);
  }
}

TEST(GpuModel, ADriverResetStartsTheCounterAgain) {
  const Gpu gpu = gpu_of(R"({"arch": "ampere", "curve": "constant:100", "start_j": 5000, "resets_s": [10, 20]})");
  EXPECT_EQ(gpu.energy_mj(9'990 * kMs), 5'998'000U);
  EXPECT_EQ(gpu.energy_mj(10'005 * kMs), 0U);
  EXPECT_EQ(gpu.energy_mj(12 * kSecond), 200'000U);
  EXPECT_EQ(gpu.energy_mj(21 * kSecond), 100'000U);
}

TEST(GpuModel, ArchitecturesHaveWhatTheyHad) {
  EXPECT_FALSE(gpu_of(R"({"arch": "pascal"})").counter);
  EXPECT_TRUE(gpu_of(R"({"arch": "volta"})").counter);
  EXPECT_FALSE(gpu_of(R"({"arch": "ga100"})").average.has_value());
  EXPECT_FALSE(gpu_of(R"({"arch": "hopper", "instant": null})").instant.has_value());
  EXPECT_THROW(gpu_of(R"({"arch": "voodoo"})"), std::invalid_argument);
}

TEST(GpuModel, ASensorsErrorAndFailuresAreAsToldOf) {
  const Gpu gpu = gpu_of(R"({"arch": "turing", "curve": "constant:200", "gain": 0.95, "offset_w": 3,
                             "fail": [{"call": "PowerUsage", "code": 15, "from_s": 2, "for_s": 1}]})");
  EXPECT_EQ(gpu.power_mw(*gpu.usage, gpu.curve, kSecond), 193'000U);
  EXPECT_EQ(gpu.failure_of("PowerUsage", kSecond), 0);
  EXPECT_EQ(gpu.failure_of("PowerUsage", 2 * kSecond), 15);
  EXPECT_EQ(gpu.failure_of("Name", 2 * kSecond), 0);
}

}  // namespace
}  // namespace impact::fakes
