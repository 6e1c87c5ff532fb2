#pragma once
// Undoes a moving average: from the mean power over the last `window`, told again and again, it finds the power of each
// stretch between two tellings. It has no clock: times are handed in.

#include <deque>
#include <optional>

#include "impact/core/time.hpp"

namespace impact {

// With E(t) the energy up to t and A(t) the mean over [t - W, t]:  E(t) = W A(t) + E(t - W).  Exact for readings without
// error; between two earlier readings E is a straight line. What A was before the first reading is taken as flat: that
// error stays inside one window and adds up to 0 over each. A sensor's noise would add up in the shape, not in the sum:
// a twentieth of each stretch is drawn towards the mean, which forgets it within some twenty windows.
class WindowInverter {
 public:
  explicit WindowInverter(Duration window) noexcept : window_(window) {}

  struct Stretch {
    Instant from{};
    Instant to{};
    double power_w = 0.0;
  };
  // Returns the stretch since the reading before; after a gap of more than a window, the window itself. It returns
  // nullopt for the first reading and for one that is not later than the last.
  std::optional<Stretch> add(Instant t, double mean_w);

 private:
  struct Point {
    Instant t{};
    double energy_j = 0.0;
  };
  double energy_at(Instant t) const noexcept;
  void begin(Instant t, double mean_w);

  Duration window_;
  std::deque<Point> points_;  // go from just before the window's beginning to now
};

}  // namespace impact
