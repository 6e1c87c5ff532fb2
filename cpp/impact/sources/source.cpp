#include "impact/sources/source.hpp"

#include <algorithm>
#include <new>

namespace impact {

void Sink::put(const Reading& reading) noexcept {
  try {
    readings_.push_back(reading);
    // NOLINTNEXTLINE(bugprone-empty-catch): without memory there is nothing else to do
  } catch (const std::bad_alloc&) {  // the channel's next reading bridges the gap
  }
}

bool is_fast(const Source& source) noexcept {
  return std::ranges::all_of(source.channels(), [](const Channel& c) { return c.latency <= kFastRead; });
}

}  // namespace impact
