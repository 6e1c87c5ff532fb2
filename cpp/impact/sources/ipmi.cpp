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

#include "impact/host/ipmi.hpp"
#include "impact/sources/dcmi.hpp"
#include "impact/sources/device_readers.hpp"

namespace impact {
namespace {

constexpr Duration kStartPatience = std::chrono::milliseconds{250};  // a busy controller does not hold up the start

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
  const Result<PowerReading> first = dcmi::ask(device.value(), kStartPatience);
  const bool answered = first || first.error().kind == ErrorKind::unsupported;
  if (answered && !first) return first.error();
  if (answered && !first.value().active) return dcmi::switched_off();
  const PowerReading reading = answered ? first.value() : PowerReading{};
  return OpenedSource{std::make_unique<dcmi::NodePower<IpmiDevice>>("ipmi", host, std::move(device).value(), reading)};
}

OpenedSource open_ipmi(const Host& host) { return open_ipmi_with(host, device_control); }

}  // namespace impact
