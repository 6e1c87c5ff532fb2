#include "impact/attribution/idle_power.hpp"

#include <algorithm>
#include <cmath>

namespace impact {
namespace {

constexpr double kShortestS = 0.2;     // shorter intervals show mostly the counters' ticks and the kernel's 10 ms
constexpr double kUnused = 0.02;       // a load below this counts as none
constexpr double kLeastSpread = 0.04;  // the load must scatter so much, as one standard deviation
constexpr double kWidest = 0.1;        // the line's end must be known to this part of the mean power
constexpr std::uint64_t kFewest = 3;

}  // namespace

void IdlePower::add(double power_w, double load, double seconds) noexcept {
  if (!std::isfinite(power_w) || !std::isfinite(load) || power_w < 0.0 || seconds < kShortestS) return;
  ++intervals_;
  weight_ += seconds;
  load_ += seconds * load;
  load2_ += seconds * load * load;
  power_ += seconds * power_w;
  power2_ += seconds * power_w * power_w;
  product_ += seconds * load * power_w;
  least_ = std::min(least_, power_w);
}

double IdlePower::watts() const noexcept {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  if (intervals_ < kFewest) return kUnknown;
  const double load = load_ / weight_, power = power_ / weight_;
  const double load_variance = std::max(load2_ / weight_ - load * load, 0.0);
  const double power_variance = std::max(power2_ / weight_ - power * power, 0.0);
  if (load < kUnused && load_variance < kLeastSpread * kLeastSpread) return power;
  if (load_variance < kLeastSpread * kLeastSpread) return kUnknown;
  const double slope = std::max((product_ / weight_ - load * power) / load_variance, 0.0);
  const double end = power - slope * load;
  const auto n = static_cast<double>(intervals_);
  const double residual = std::max(power_variance - slope * slope * load_variance, 0.0) * n / (n - 2.0);
  const double error = 1.96 * std::sqrt(residual * (1.0 + load * load / load_variance) / n);
  if (error > kWidest * power) return kUnknown;
  return std::clamp(end, 0.0, least_);
}

}  // namespace impact
