#include "impact/sources/nvml_samples.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "fakes/random.hpp"

namespace impact::nvml {
namespace {

constexpr std::int64_t kMs = 1'000'000, kSecond = 1'000 * kMs;

// A driver that samples every 20 ms and stamps each sample with the wall clock, which may be set.
struct Driver {
  static inline std::vector<Sample> ring;
  static inline std::int64_t now_ns = 0, ahead_ns = 0;

  static void sample_until(std::int64_t end_ns) {
    for (; now_ns + 20 * kMs <= end_ns; ring.back().value.ui = static_cast<unsigned>(now_ns / kMs)) {
      now_ns += 20 * kMs;
      ring.push_back({static_cast<unsigned long long>((now_ns + ahead_ns) / 1000), {}});
    }
    now_ns = end_ns;
    if (ring.size() > 100) ring.erase(ring.begin(), ring.end() - 100);
  }
  static int read(Device, int, unsigned long long since_us, int* type, unsigned* count, Sample* samples) {
    *type = kTypeUnsigned;
    if (samples == nullptr) {
      *count = 100;
      return kSuccess;
    }
    unsigned given = 0;
    for (const Sample& sample : ring) {
      if (sample.time_stamp > since_us) samples[given++] = sample;
    }
    *count = given;
    return given > 0 ? kSuccess : 6;  // NVML_ERROR_NOT_FOUND
  }
};

class SteppedClock final : public Clock {
 public:
  Instant now() const noexcept override { return instant(Driver::now_ns); }
  std::int64_t utc_ns() const noexcept override { return Driver::now_ns + Driver::ahead_ns; }
};

// The power of a GPU without an energy counter goes on being read, and each sample keeps its own time.
TEST(SampleRing, AStepOfTheWallClockLosesNoMoreThanItsOwnSecond) {
  fakes::Random random(12);
  Driver::ring.clear();
  Driver::now_ns = 100 * kSecond;
  Driver::ahead_ns = 1'700'000'000 * kSecond;
  const SteppedClock clock;
  Calls calls;
  calls.samples = &Driver::read;
  Driver::sample_until(101 * kSecond);
  SampleRing ring(calls, nullptr, clock);
  ASSERT_TRUE(ring.exists());
  for (int step = 0; step < 30; ++step) {
    Driver::ahead_ns += random.between(-7'200, 7'200) * kSecond;
    std::vector<PowerSample> samples;
    Driver::sample_until(Driver::now_ns + 1'500 * kMs);
    ring.read(calls, clock, samples);
    samples.clear();
    for (int i = 0; i < 20; ++i) {
      Driver::sample_until(Driver::now_ns + 100 * kMs);
      ASSERT_TRUE(ring.read(calls, clock, samples));
    }
    EXPECT_EQ(samples.size(), 100U) << step;  // two seconds of them
    for (const PowerSample& sample : samples) EXPECT_NEAR(seconds(sample.t.time_since_epoch()), sample.power_w, 1e-3);
  }
}

}  // namespace
}  // namespace impact::nvml
