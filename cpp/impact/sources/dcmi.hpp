#pragma once
// The answer to DCMI's Get Power Reading.

#include <cstdint>
#include <optional>
#include <span>

#include "impact/core/time.hpp"

namespace impact {

struct PowerReading {
  unsigned current_w = 0, minimum_w = 0, maximum_w = 0, average_w = 0;
  Duration period{};
  bool active = false;
};

// From the completion code on. nullopt: too short, a completion code other than 0, or not DCMI's.
std::optional<PowerReading> parse_power_reading(std::span<const std::uint8_t> answer) noexcept;

}  // namespace impact
