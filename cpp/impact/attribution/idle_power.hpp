#pragma once
// Learns what a device draws without work from the run itself, by a line through its power over its load, interval by
// interval. A device that never changes its load does not tell: then the idle power is unknown. It is pure arithmetic.
//
// Utilisation times power (the usual residual) makes idle energy vanish at full load; the smallest power that was seen
// is no idle power where the load never ended. The line's end at no load is taken, and never more than the smallest
// power seen. Power over load is bent on real processors (the first busy core wakes the shared parts): estimated.

#include <cstdint>
#include <limits>

namespace impact {

class IdlePower {
 public:
  // Takes one interval: its mean power, and its load as a part of the device, 0 to 1.
  void add(double power_w, double load, double seconds) noexcept;

  // It is unknown (NaN) before three intervals, and until the load has varied enough for the line's end to be known to a
  // tenth of the mean power (95 %). Where the device was never in use it is the mean power itself.
  double watts() const noexcept;

 private:
  std::uint64_t intervals_ = 0;
  double weight_ = 0.0, load_ = 0.0, load2_ = 0.0, power_ = 0.0, power2_ = 0.0, product_ = 0.0;
  double least_ = std::numeric_limits<double>::infinity();
};

}  // namespace impact
