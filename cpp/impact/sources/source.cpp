#include "impact/sources/source.hpp"

#include <algorithm>
#include <new>

namespace impact {

void Sink::put(const Reading& reading) noexcept {
  try {
    readings_.push_back(reading);
  } catch (const std::bad_alloc&) {
    ++dropped_;
  }
}

bool is_fast(const Source& source) noexcept {
  return std::ranges::all_of(source.channels(), [](const Channel& c) { return c.latency <= kFastRead; });
}

}  // namespace impact
