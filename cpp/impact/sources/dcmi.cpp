#include "impact/sources/dcmi.hpp"

namespace impact {

std::optional<PowerReading> parse_power_reading(std::span<const std::uint8_t> answer) noexcept {
  constexpr std::size_t length = 19;
  constexpr std::uint8_t ok = 0x00, dcmi = 0xDC, measuring = 0x40;
  if (answer.size() < length || answer[0] != ok || answer[1] != dcmi) return std::nullopt;
  const auto word = [&](std::size_t at) { return static_cast<unsigned>(answer[at] | (answer[at + 1] << 8U)); };
  const std::uint64_t period_ms = word(14) | (static_cast<std::uint64_t>(word(16)) << 16U);
  PowerReading reading;
  reading.current_w = word(2);
  reading.minimum_w = word(4);
  reading.maximum_w = word(6);
  reading.average_w = word(8);
  reading.period = std::chrono::milliseconds{period_ms};
  reading.active = (answer[18] & measuring) != 0;
  return reading;
}

}  // namespace impact
