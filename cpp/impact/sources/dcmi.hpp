#pragma once
// Reads the node's power by IPMI DCMI, in the same way through either door to a management controller. A Door has
//   request(group, command, data, patience) -> Result of the answer's bytes, from the completion code on.

#include <array>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>

#include "impact/host/host.hpp"
#include "impact/sources/bmc_answers.hpp"
#include "impact/sources/node_channels.hpp"
#include "impact/sources/source.hpp"

namespace impact::dcmi {

inline constexpr Duration kPatience = std::chrono::seconds{3};

template <class Door>
Result<PowerReading> ask(Door& door, Duration patience = kPatience) {
  constexpr std::uint8_t kGroupExtension = 0x2C, kGetPowerReading = 0x02;
  constexpr std::array<std::uint8_t, 4> kSystemPower{0xDC, 0x01, 0x00, 0x00};
  const auto answer = door.request(kGroupExtension, kGetPowerReading, kSystemPower, patience);
  if (!answer) return answer.error();
  const std::optional<PowerReading> reading = parse_power_reading(answer.value());
  if (!reading) return Error{ErrorKind::unsupported, "IPMI: the management controller has no DCMI power reading", ""};
  return *reading;
}

inline Error switched_off() {
  return {ErrorKind::unsupported, "IPMI: DCMI power measurement is switched off", "ipmitool dcmi power activate"};
}

template <class Door>
class NodePower : public Source {
 public:
  NodePower(const char* name, const Host& host, Door door, const PowerReading& first)
      : clock_(host.clock),
        door_(std::move(door)),
        filter_(first),
        channel_(node_power(name, 1.0, std::chrono::seconds{1}, kPatience)) {}

  std::span<const Channel> channels() const noexcept override { return {&channel_, 1}; }

  void read(Sink& out) noexcept override {
    const Instant before = clock_->now();
    std::optional<unsigned> watts;
    try {
      const Result<PowerReading> reading = ask(door_);
      if (reading) watts = filter_.accept(reading.value());
      // NOLINTNEXTLINE(bugprone-empty-catch): what was not read is told as missing below
    } catch (const std::exception&) {  // there is no memory for the answer
    }
    const Instant after = clock_->now();
    if (watts)
      out.put({0, Quality::measured, *watts, before, after});
    else
      out.missing(0, before, after);
  }

 protected:
  Door& door() noexcept { return door_; }

 private:
  const Clock* clock_;
  Door door_;
  PowerFilter filter_;
  Channel channel_;
};

}  // namespace impact::dcmi
