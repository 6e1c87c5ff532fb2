#include "impact/sources/nvml_samples.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace impact::nvml {
namespace {

constexpr int kNoneNew = 6;  // NVML_ERROR_NOT_FOUND
constexpr unsigned kMostSamples = 4096;
constexpr double kMostMilliwatts = 5e6;  // 5 kW in one board is nonsense

std::optional<double> milliwatts(const Sample& sample, int type) noexcept {
  double mw = 0;
  switch (type) {
    case 0: mw = sample.value.d; break;
    case kTypeUnsigned: mw = sample.value.ui; break;
    case 2: mw = static_cast<double>(sample.value.ul); break;
    case kTypeUnsignedLongLong: mw = static_cast<double>(sample.value.ull); break;
    default: return std::nullopt;
  }
  if (!std::isfinite(mw) || mw < 0 || mw > kMostMilliwatts) return std::nullopt;
  return mw;
}

}  // namespace

SampleRing::SampleRing(const Calls& calls, Device device, const Clock& clock)
    : device_(device), last_us_(static_cast<unsigned long long>(clock.utc_ns() / 1000)) {
  int type = 0;
  unsigned count = 0;
  if (calls.samples == nullptr) return;
  const int status = calls.samples(device, kPowerSamples, 0, &type, &count, nullptr);
  if (status != kSuccess || count == 0) return;
  capacity_ = std::min(count, kMostSamples);
  buffer_.resize(capacity_);
}

bool SampleRing::read(const Calls& calls, const Clock& clock, std::vector<PowerSample>& out) {
  // After the wall clock was set back nothing would be newer than the last sample, for as long as it was set back by.
  constexpr unsigned long long kSecondUs = 1'000'000;
  const auto now_us = static_cast<unsigned long long>(clock.utc_ns() / 1000);
  if (last_us_ > now_us + kSecondUs) last_us_ = now_us;
  int type = 0;
  unsigned count = capacity_;
  const int status = calls.samples(device_, kPowerSamples, last_us_, &type, &count, buffer_.data());
  if (status == kNoneNew) return true;
  if (status != kSuccess || count > capacity_) return false;
  const Instant now = clock.now();
  const std::int64_t utc_ns = clock.utc_ns();
  for (unsigned i = 0; i < count; ++i) {
    const Sample& sample = buffer_[i];
    const std::optional<double> mw = milliwatts(sample, type);
    if (sample.time_stamp > 9'000'000'000'000'000ULL) continue;  // the year 2255
    const std::int64_t age_ns = utc_ns - static_cast<std::int64_t>(sample.time_stamp) * 1000;
    const bool sane = sample.time_stamp > last_us_ && age_ns >= -1'000'000'000 && age_ns < 3'600'000'000'000;
    if (!mw || !sane) continue;
    last_us_ = sample.time_stamp;
    out.push_back({now - Duration{age_ns}, *mw * 1e-3});
  }
  return true;
}

}  // namespace impact::nvml
