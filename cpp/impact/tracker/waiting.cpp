// This part of the tracker blocks its caller until the run has used an energy.

#include <algorithm>
#include <chrono>

#include "impact/tracker/tracker.hpp"

namespace impact {

bool Tracker::wait(Joules energy, Duration longest) {
  const auto end = std::chrono::steady_clock::now() + longest;
  while (!inert()) {
    const std::optional<RegionResult> now = result();
    if (now && now->energy.best() >= energy) return true;  // energy that is missing compares as false
    std::unique_lock lock(mutex_);
    const auto left = end - std::chrono::steady_clock::now();
    if (state_ == State::stopped || left <= Duration::zero()) return false;
    stopped_.wait_for(lock, std::min<Duration>(left, interval_), [this] { return state_ == State::stopped; });
  }
  return false;
}

}  // namespace impact
