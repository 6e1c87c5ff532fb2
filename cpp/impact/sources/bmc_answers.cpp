#include "impact/sources/bmc_answers.hpp"

#include <algorithm>

namespace impact {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t kOk = 0x00, kDcmi = 0xDC;

unsigned word(Bytes bytes, std::size_t at) noexcept { return static_cast<unsigned>(bytes[at] | (bytes[at + 1] << 8U)); }

std::uint32_t double_word(Bytes bytes, std::size_t at) noexcept {
  return word(bytes, at) | (static_cast<std::uint32_t>(word(bytes, at + 2)) << 16U);
}

PowerReading four_words(Bytes bytes, std::size_t at) noexcept {
  PowerReading reading;
  reading.current_w = word(bytes, at);
  reading.minimum_w = word(bytes, at + 2);
  reading.maximum_w = word(bytes, at + 4);
  reading.average_w = word(bytes, at + 6);
  return reading;
}

}  // namespace

std::optional<PowerReading> parse_power_reading(Bytes answer) noexcept {
  constexpr std::uint8_t kMeasuring = 0x40;
  if (answer.size() < 19 || answer[0] != kOk || answer[1] != kDcmi) return std::nullopt;
  PowerReading reading = four_words(answer, 2);
  reading.period = std::chrono::milliseconds{double_word(answer, 14)};
  reading.active = (answer[18] & kMeasuring) != 0;
  return reading;
}

std::optional<PowerReading> parse_node_manager(Bytes answer) noexcept {
  constexpr std::uint8_t kMeasuring = 0x40;
  const bool intel = answer.size() >= 21 && answer[1] == 0x57 && answer[2] == 0x01 && answer[3] == 0x00;
  if (!intel || answer[0] != kOk) return std::nullopt;
  PowerReading reading = four_words(answer, 4);
  reading.period = std::chrono::seconds{double_word(answer, 16)};
  reading.active = (answer[20] & kMeasuring) != 0;
  return reading;
}

std::optional<std::uint32_t> parse_manufacturer(Bytes answer) noexcept {
  if (answer.size() < 10 || answer[0] != kOk) return std::nullopt;
  return word(answer, 7) | ((answer[9] & 0x0FU) << 16U);
}

std::optional<EnergyReading> parse_xcc_energy(Bytes answer) noexcept {
  if (answer.size() < 15 || answer[0] != kOk) return std::nullopt;
  const std::uint64_t joules = double_word(answer, 3);
  const unsigned thousandths = word(answer, 7);
  if (thousandths > 999 || word(answer, 13) > 999) return std::nullopt;
  return EnergyReading{joules * 1000 + thousandths};
}

PowerFilter::PowerFilter(const PowerReading& first) noexcept : largest_w_(std::max(first.maximum_w, first.current_w)) {}

std::optional<unsigned> PowerFilter::accept(const PowerReading& reading) noexcept {
  if (!reading.active || reading.current_w == 0) return std::nullopt;
  if (largest_w_ > 0 && reading.current_w > 10 * largest_w_) return std::nullopt;
  largest_w_ = std::max(largest_w_, reading.current_w);
  return reading.current_w;
}

}  // namespace impact
