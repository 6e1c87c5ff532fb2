// The node's power as its management controller sees it: IPMI DCMI, in-band
//
// Measures   The power of the whole node at its supplies: shown apart, as a wattmeter.
// Needs      /dev/ipmi0 (modules ipmi_si or ipmi_ssif, and ipmi_devintf) and read and write permission: root as a rule.
// Channels   ipmi/node/power in W, count = watts.
// Resolution 1 W. Controllers renew it every 1 to 5 s, some every 30 s, and may already average it. An answer takes 5
//            to 50 ms and at times seconds: a source with a thread of its own. Readings are missing until it answers.
// Known faults
//   - Time stamps of the controller are not to be trusted: the reading has our clock's time.
//   - Controllers answer nonsense now and then: 0 W, or a spike beyond ten times the largest they have ever seen; both
//     are missing. A completion code other than 0 is a failure whatever follows it.

#include <array>

#include "impact/host/ipmi.hpp"
#include "impact/sources/bmc_answers.hpp"
#include "impact/sources/device_readers.hpp"
#include "impact/sources/node_channels.hpp"

namespace impact {
namespace {

constexpr std::uint8_t kGroupExtension = 0x2C, kGetPowerReading = 0x02;
constexpr std::array<std::uint8_t, 4> kSystemPower{0xDC, 0x01, 0x00, 0x00};
constexpr Duration kPatience = std::chrono::seconds{3};
constexpr Duration kStartPatience = std::chrono::milliseconds{250};  // a busy controller does not hold up the start

Result<PowerReading> ask(const IpmiDevice& device, Duration patience) {
  const auto answer = device.request(kGroupExtension, kGetPowerReading, kSystemPower, patience);
  if (!answer) return answer.error();
  const std::optional<PowerReading> reading = parse_power_reading(answer.value());
  if (!reading) return Error{ErrorKind::unsupported, "IPMI: the management controller has no DCMI power reading", ""};
  return *reading;
}

class Ipmi final : public Source {
 public:
  Ipmi(const Host& host, IpmiDevice device, const PowerReading& first)
      : clock_(host.clock),
        device_(std::move(device)),
        filter_(first),
        channel_(node_power("ipmi", 1.0, std::chrono::seconds{1}, kPatience)) {}

  std::span<const Channel> channels() const noexcept override { return {&channel_, 1}; }

  void read(Sink& out) noexcept override {
    const Instant before = clock_->now();
    std::optional<unsigned> watts;
    try {
      const Result<PowerReading> reading = ask(device_, kPatience);
      if (reading) watts = filter_.accept(reading.value());
    } catch (const std::exception&) {  // no memory for the answer
    }
    const Instant after = clock_->now();
    if (watts)
      out.put({0, Quality::measured, *watts, before, after});
    else
      out.missing(0, before, after);
  }

 private:
  const Clock* clock_;
  IpmiDevice device_;
  PowerFilter filter_;
  Channel channel_;
};

Error with_advice(Error error) {
  if (error.kind == ErrorKind::absent)
    error.advice = "where the board has a management controller: sudo modprobe -a ipmi_si ipmi_devintf";
  if (error.kind == ErrorKind::forbidden) {
    error.advice =
        "sudo chgrp power /dev/ipmi0 && sudo chmod g+rw /dev/ipmi0 for a group of trusted users (it can also switch "
        "the node off)";
  }
  return error;
}

}  // namespace

OpenedSource open_ipmi_with(const Host& host, DeviceControl control) {
  Result<IpmiDevice> device = IpmiDevice::open(host, control);
  if (!device) return with_advice(device.error());
  const Result<PowerReading> first = ask(device.value(), kStartPatience);
  const bool answered = first || first.error().kind == ErrorKind::unsupported;
  if (answered && !first) return first.error();
  if (answered && !first.value().active) {
    return Error{ErrorKind::unsupported, "IPMI: DCMI power measurement is switched off",
                 "ipmitool dcmi power activate"};
  }
  const PowerReading reading = answered ? first.value() : PowerReading{};
  return OpenedSource{std::make_unique<Ipmi>(host, std::move(device).value(), reading)};
}

OpenedSource open_ipmi(const Host& host) { return open_ipmi_with(host, device_control); }

}  // namespace impact
