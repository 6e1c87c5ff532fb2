// An energy counter as hardware keeps it: at each tick it takes over the energy used so far, and holds it to the next.
// Plain arithmetic over a curve, any point of time in O(1): no clock, no I/O, no state. Times are ns since the curve's
// start.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fakes/curve.hpp"
#include "fakes/random.hpp"

namespace impact::fakes {

/// [begin_ns, end_ns)
struct Window {
  std::int64_t begin_ns = 0, end_ns = 0;
  constexpr bool holds(std::int64_t t) const { return t >= begin_ns && t < end_ns; }
};

struct TickModel {
  std::int64_t tick_ns = 1'000'000;
  std::int64_t phase_ns = 0;         ///< tick k is due at phase_ns + k * tick_ns …
  std::int64_t jitter_ns = 0;        ///< … and comes uniformly within +- this of it (less than half a tick)
  double unit_j = 61.035e-6;         ///< energy of one count
  std::uint64_t range = 1ULL << 32;  ///< counts after which it starts again at 0
  double start_j = 0;                ///< what it holds at time 0: real counters do not start at 0
  std::vector<Window> frozen = {};   ///< spans without a tick: the first one after takes over all the energy
  std::vector<Window> lost = {};     ///< spans without a tick whose energy no later tick takes over
  std::uint64_t seed = 1;
};

class TickingCounter {
 public:
  TickingCounter(Curve curve, TickModel model) : curve_{std::move(curve)}, model_{std::move(model)} {
    if (model_.tick_ns < 1 || model_.jitter_ns < 0 || 2 * model_.jitter_ns >= model_.tick_ns)
      throw std::invalid_argument("counter: the jitter must be less than half a tick");
    if (!(model_.unit_j > 0) || model_.range < 2)
      throw std::invalid_argument("counter: unit and range must be positive");
  }

  const Curve& curve() const { return curve_; }
  const TickModel& model() const { return model_; }

  /// When tick k really came.
  std::int64_t tick_time(std::int64_t k) const {
    const std::int64_t due = model_.phase_ns + k * model_.tick_ns;
    if (model_.jitter_ns == 0) return due;
    return due +
           between(mix64(model_.seed ^ mix64(static_cast<std::uint64_t>(k))), -model_.jitter_ns, model_.jitter_ns);
  }

  /// The last tick at or before t, frozen spans considered.
  std::int64_t latched_at(std::int64_t t) const {
    std::int64_t tick = last_tick(t);
    for (bool moved = true; moved;) {
      moved = false;
      for (const Window& window : model_.frozen) {
        if (!window.holds(tick)) continue;
        tick = last_tick(window.begin_ns - 1);
        moved = true;
      }
    }
    return tick;
  }

  /// Content at t without wrap, in counts (start_j included).
  std::uint64_t counts_at(std::int64_t t) const {
    const std::int64_t latched = latched_at(t);
    double joules = model_.start_j + curve_.energy_j(0, latched);
    for (const Window& window : model_.lost)
      if (latched > window.begin_ns) joules -= curve_.energy_j(window.begin_ns, std::min(latched, window.end_ns));
    return static_cast<std::uint64_t>(std::max(0.0, std::floor(joules / model_.unit_j)));
  }

  /// What a read at t gives.
  std::uint64_t raw_at(std::int64_t t) const { return counts_at(t) % model_.range; }

 private:
  std::int64_t last_tick(std::int64_t t) const {
    const std::int64_t shifted = t - model_.phase_ns;
    std::int64_t k = shifted / model_.tick_ns - (shifted % model_.tick_ns < 0 ? 1 : 0) + 1;
    while (tick_time(k) > t) --k;
    return tick_time(k);
  }

  Curve curve_;
  TickModel model_;
};

}  // namespace impact::fakes
