#pragma once
// Keeps rounds of readings that the sampler handed over and that nobody has looked at yet. To copy a round touches a
// few lines of cache; to book and to encode it touches hundreds, cold each time at 10 Hz: so that is done for several
// rounds at once, when the writer flushes or somebody asks.

#include <cstdint>
#include <span>
#include <vector>

#include "impact/core/reading.hpp"

namespace impact {

class PendingRows {
 public:
  // More than this many rounds are not kept waiting: whoever asks next pays for them.
  static constexpr std::size_t kMost = 16;

  // Throws std::bad_alloc, and then the round is not kept.
  void add(std::uint32_t slot, std::span<const Reading> readings) {
    const std::size_t before = readings_.size();
    readings_.insert(readings_.end(), readings.begin(), readings.end());
    try {
      rounds_.push_back({slot, readings.size()});
    } catch (...) {
      readings_.resize(before);
      throw;
    }
  }
  bool full() const noexcept { return rounds_.size() >= kMost; }
  void clear() noexcept {
    rounds_.clear();
    readings_.clear();
  }

  // Hands over what waits, oldest first: each(slot, readings), which must not throw.
  template <class Each>
  void drain(Each&& each) noexcept {
    std::span<const Reading> rest(readings_);
    for (const Round& round : rounds_) {
      each(round.slot, rest.first(round.count));
      rest = rest.subspan(round.count);
    }
    clear();
  }

 private:
  struct Round {
    std::uint32_t slot;
    std::size_t count;
  };
  std::vector<Round> rounds_;
  std::vector<Reading> readings_;
};

}  // namespace impact
