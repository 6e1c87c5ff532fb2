#pragma once
// Reads the bytes that management controllers answer about power. Each function takes an answer from the completion code
// on, and returns nothing where it is too short, carries a completion code other than 0, or is another command's.

#include <cstdint>
#include <optional>
#include <span>

#include "impact/core/time.hpp"

namespace impact {

// These read the watts of DCMI's Get Power Reading (0x2C 0x02), and of Intel Node Manager's statistics (0x2E 0xC8).
struct PowerReading {
  unsigned current_w = 0, minimum_w = 0, maximum_w = 0, average_w = 0;
  Duration period{};
  bool active = false;
};
std::optional<PowerReading> parse_power_reading(std::span<const std::uint8_t> answer) noexcept;
std::optional<PowerReading> parse_node_manager(std::span<const std::uint8_t> answer) noexcept;

// Reads the maker's number (IANA enterprise numbers) from Get Device ID (0x06 0x01).
std::optional<std::uint32_t> parse_manufacturer(std::span<const std::uint8_t> answer) noexcept;

// Reads Lenovo XCC's energy counter (0x3A 0x32 04 02 00 00 00): joules and their thousandths since some start. It also
// returns nullopt where the thousandths are 1,000 or more.
struct EnergyReading {
  std::uint64_t millijoules = 0;  // the joules wrap at 2^32
};
std::optional<EnergyReading> parse_xcc_energy(std::span<const std::uint8_t> answer) noexcept;

// Controllers answer nonsense now and then: 0 W, or a spike beyond ten times the largest that they have ever seen.
class PowerFilter {
 public:
  explicit PowerFilter(const PowerReading& first) noexcept;
  // Returns the power now, in watts, and nullopt where it is nonsense or not being measured.
  std::optional<unsigned> accept(const PowerReading& reading) noexcept;

 private:
  unsigned largest_w_;
};

}  // namespace impact
