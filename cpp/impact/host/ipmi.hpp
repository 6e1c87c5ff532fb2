#pragma once
// Sends commands to the board's management controller over the kernel's IPMI device.

#include <cstdint>
#include <span>
#include <vector>

#include "impact/host/control.hpp"
#include "impact/host/host.hpp"

namespace impact {

// Says who is to answer: the management controller itself, or another one that it passes commands on to over its bus.
struct IpmiTarget {
  std::uint8_t channel = 0;
  std::uint8_t address = 0;  // 0 stands for the controller itself
};

class IpmiDevice {
 public:
  // Opens the first of /dev/ipmi0, /dev/ipmi/0 and /dev/ipmidev/0 that can be opened.
  static Result<IpmiDevice> open(const Host& host, DeviceControl control = device_control);

  // Sends a command and waits for its answer: the completion code first, then the data. The error is unsupported where
  // the device takes no command, and broken where no answer comes in time. Only one thread may use it at a time.
  Result<std::vector<std::uint8_t>> request(std::uint8_t netfn, std::uint8_t command,
                                            std::span<const std::uint8_t> data, Duration at_most,
                                            IpmiTarget target = {}) const;

 private:
  IpmiDevice(Descriptor device, DeviceControl control) noexcept : device_(std::move(device)), control_(control) {}
  Descriptor device_;
  DeviceControl control_;
  mutable long sequence_ = 0;
};

}  // namespace impact
