#pragma once
// One reading of one channel, with the clock's time before and after it.

#include <cstdint>

#include "impact/core/quality.hpp"
#include "impact/core/time.hpp"

namespace impact {

struct Reading {
  std::uint32_t channel = 0;  // index into the source's channels(); the sampler makes it an index over all sources
  Quality quality = Quality::missing;
  std::int64_t count =
      0;             // counter: raw count (an unsigned 64-bit counter is stored bit for bit); gauge: value / scale
  Instant before{};  // clock just before and just after the value was fetched; for a sensor's own ring of
  Instant after{};   // samples both are the sample's own time, on the same clock

  static constexpr Reading missing(std::uint32_t channel, Instant before, Instant after) noexcept {
    return {channel, Quality::missing, 0, before, after};
  }
};

}  // namespace impact
