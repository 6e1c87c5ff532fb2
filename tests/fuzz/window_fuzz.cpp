// A moving average undone, whatever a sensor tells and whenever: powers stay finite and not negative, stretches in order.
#include <cmath>
#include <cstring>

#include "fuzz/fuzz.hpp"
#include "impact/sources/window_inverter.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace impact;
  WindowInverter inverter{std::chrono::seconds{1}};
  std::int64_t t = 0;
  Instant last = Instant::min();
  for (; size >= 6; data += 6, size -= 6) {
    std::uint32_t step = 0;
    std::uint16_t watts = 0;
    std::memcpy(&step, data, sizeof step);
    std::memcpy(&watts, data + 4, sizeof watts);
    t += static_cast<std::int64_t>(step) - (1LL << 30);  // backwards too
    const auto stretch = inverter.add(instant(t), watts / 16.0);
    if (!stretch) continue;
    fuzz::require(std::isfinite(stretch->power_w) && stretch->power_w >= 0, "a power is a power");
    fuzz::require(stretch->from < stretch->to && stretch->from >= last, "stretches follow each other");
    last = stretch->to;
  }
  return 0;
}
