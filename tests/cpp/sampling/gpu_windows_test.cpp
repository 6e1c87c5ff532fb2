// Periodic loads on GPUs whose sensors look a part of the time or late: the readers against adding power.draw up.
#ifdef IMPACT_FAKE_NVML_LIBRARY

#include <gtest/gtest.h>

#include "fakes/nvml/window_trial.hpp"

namespace impact::fakes {
namespace {

double cut(double ours, double naive) { return 1 - ours / naive; }

TEST(GpuWindows, ThePowerOfASecondsMeanIsUndone) {  // H100 without its counter
  const TrialErrors e = run_trial(IMPACT_FAKE_NVML_LIBRARY, {"hopper", "", 30, 20240229});
  EXPECT_GE(cut(e.ours, e.naive_10hz), 0.35) << e.ours << " " << e.naive_10hz;
  EXPECT_GE(cut(e.ours, e.naive_1hz), 0.35) << e.ours << " " << e.naive_1hz;
  EXPECT_GE(e.held, 0.9);
}

TEST(GpuWindows, EverySampleOfAPartTimeSensorIsUsed) {  // A100 without its counter
  const TrialErrors e = run_trial(IMPACT_FAKE_NVML_LIBRARY, {"ga100", "", 30, 20240301});
  EXPECT_GE(cut(e.ours, e.naive_1hz), 0.35) << e.ours << " " << e.naive_1hz;
  EXPECT_LE(e.ours, e.naive_10hz * 1.05);
  EXPECT_GE(e.held, 0.9);
}

TEST(GpuWindows, TheCounterIsBetterThanAnyPower) {
  for (const char* arch : {"ga100", "hopper"}) {
    const TrialErrors e = run_trial(IMPACT_FAKE_NVML_LIBRARY, {arch, "power", 30, 20240302});
    EXPECT_GE(cut(e.ours, e.naive_10hz), 0.65) << arch << " " << e.ours << " " << e.naive_10hz;
    EXPECT_GE(cut(e.ours, e.naive_1hz), 0.65) << arch << " " << e.ours << " " << e.naive_1hz;
  }
}

TEST(GpuWindows, ADriverReloadIsAResetAndNoWrap) {
  VirtualDriver driver(IMPACT_FAKE_NVML_LIBRARY,
                       R"({"arch": "hopper", "curve": "constant:500", "start_j": 90000, "resets_s": [20.5]})");
  driver.set_time(10 * detail::kSecond);
  const auto source = std::move(open_nvml({"/", &driver.clock})).value();
  Accumulator accumulator(source->channels(), std::chrono::seconds{3});
  for (int s = 10; s <= 30; ++s) {
    driver.set_time(s * detail::kSecond);
    Sink sink;
    source->read(sink);
    for (const Reading& reading : sink.readings()) accumulator.add(reading);
  }
  EXPECT_EQ(accumulator.health(0).resets, 1U);
  EXPECT_EQ(accumulator.health(0).wraps, 0U);
  const auto end = accumulator.at(0, instant(30 * detail::kSecond));
  ASSERT_TRUE(end);
  EXPECT_NEAR(end->value, 500 * 19, 12);                   // the second of the reload is a gap …
  EXPECT_EQ(end->gap, Duration{std::chrono::seconds{1}});  // … and said to be one
}

TEST(GpuWindows, ARegionAmongTheSamplesOfARingIsSettledByThoseAroundIt) {
  VirtualDriver driver(IMPACT_FAKE_NVML_LIBRARY,
                       R"({"arch": "turing", "counter": false, "curve": "steps:50@0s:250@14400ms:100@18700ms"})");
  driver.set_time(10 * detail::kSecond);
  detail::Readers readers(driver, false);
  for (int s = 10; s <= 14; ++s) readers.round(s * detail::kSecond);
  readers.mark(Mark::Kind::enter, 14'400 * detail::kMs);
  for (int s = 15; s <= 18; ++s) readers.round(s * detail::kSecond);
  readers.mark(Mark::Kind::exit, 18'700 * detail::kMs);
  for (int s = 19; s <= 21; ++s) readers.round(s * detail::kSecond);
  EXPECT_NEAR(readers.result().energy.best().value(), 250 * 4.3, 250 * 0.06);
}

}  // namespace
}  // namespace impact::fakes

#endif
