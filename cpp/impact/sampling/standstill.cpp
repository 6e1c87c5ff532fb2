#include "impact/sampling/standstill.hpp"

#include <algorithm>

namespace impact {
namespace {

using namespace std::chrono_literals;

constexpr int kUpdates = 20;
constexpr double kLeastPowerW = 0.05;
constexpr Duration kLeastStandstill = 250ms;

// Records may state any scale and any period. After a century nothing is waited for, and a Duration would overflow.
constexpr double kLongestS = 3e9;
constexpr Duration kLongestUpdate = 24h;

Duration time_of(double s) noexcept {
  if (!(s > 0.0)) return Duration{0};
  return Duration{static_cast<std::int64_t>(std::min(s, kLongestS) * 1e9)};
}

}  // namespace

bool is_metered_energy(const Channel& channel) noexcept {
  // A processor's own model (AMD's counters) moves as a sensor does; what this program computes cannot stand still.
  const bool own_model = channel.quality == Quality::modelled && !channel.source.ends_with("_model");
  const bool metered = channel.quality == Quality::measured || own_model;
  return channel.kind == Kind::counter && channel.unit == Unit::joule && metered;
}

bool must_move(const Channel& channel) noexcept {
  if (!is_metered_energy(channel)) return false;
  switch (channel.domain) {
    case Domain::wall:
    case Domain::psys:
    case Domain::module:
    case Domain::package:
    case Domain::dram:
    case Domain::gpu: return true;
    default: return false;
  }
}

Duration longest_standstill(const Channel& channel) noexcept {
  if (!must_move(channel)) return Duration::max();
  return std::max({kLeastStandstill, kUpdates * std::min(channel.update_period, kLongestUpdate),
                   time_of(channel.scale / kLeastPowerW)});
}

Duration longest_lag(const Channel& channel, double rate) noexcept {
  constexpr Duration kLeastLag = 100us;
  const Duration two_counts = rate > 0.0 ? time_of(2.0 / rate) : Duration{0};
  return std::max({kLeastLag, 2 * channel.update_period + 4 * channel.tick_jitter, two_counts});
}

}  // namespace impact
