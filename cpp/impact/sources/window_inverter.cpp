#include "impact/sources/window_inverter.hpp"

#include <algorithm>

namespace impact {
namespace {

constexpr double kForget = 0.05;

}  // namespace

double WindowInverter::energy_at(Instant t) const noexcept {
  std::size_t i = 1;
  while (i + 1 < points_.size() && points_[i].t < t) ++i;
  const Point &a = points_[i - 1], &b = points_[i];
  return a.energy_j + (b.energy_j - a.energy_j) * seconds(t - a.t) / seconds(b.t - a.t);
}

void WindowInverter::begin(Instant t, double mean_w) { points_ = {{t - window_, 0.0}, {t, mean_w * seconds(window_)}}; }

std::optional<WindowInverter::Stretch> WindowInverter::add(Instant t, double mean_w) {
  if (points_.empty()) {
    begin(t, mean_w);
    return std::nullopt;
  }
  const Point last = points_.back();
  if (t <= last.t) return std::nullopt;
  const Duration since = t - last.t;
  if (since >= window_) {
    begin(t, mean_w);
    return Stretch{since > 2 * window_ ? t - window_ : last.t, t, mean_w};
  }
  const double exact = (mean_w * seconds(window_) + energy_at(t - window_) - last.energy_j) / seconds(since);
  const double power = std::max(0.0, exact + kForget * (mean_w - exact));
  points_.push_back({t, last.energy_j + power * seconds(since)});
  while (points_.size() > 2 && points_[1].t <= t - window_) points_.pop_front();
  return Stretch{last.t, t, power};
}

}  // namespace impact
