#pragma once
// Absolute deadlines on a common grid, so that sources of one thread are read in one wake-up.

#include <cstdint>

#include "impact/core/time.hpp"

namespace impact {

class Schedule {
 public:
  // The first deadline is `now`; later ones are whole multiples of `period` (> 0) after `origin`.
  Schedule(Instant origin, Duration period, Instant now) : origin_(origin), period_(period), next_(now) {}

  Instant next() const noexcept { return next_; }
  Duration period() const noexcept { return period_; }
  bool due(Instant now) const noexcept { return now >= next_; }

  // Called after the work of a deadline: moves to the next one after `now` and returns how many were missed. No burst
  // makes up for them.
  std::uint64_t advance(Instant now) noexcept {
    const std::int64_t done = (now - origin_) / period_;
    const std::int64_t planned = (next_ - origin_) / period_;
    next_ = origin_ + (done + 1) * period_;
    return done > planned ? static_cast<std::uint64_t>(done - planned) : 0U;
  }

 private:
  Instant origin_;
  Duration period_;
  Instant next_;
};

}  // namespace impact
