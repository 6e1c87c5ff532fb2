#include "impact/host/ipmi.hpp"

namespace impact {

Result<IpmiDevice> IpmiDevice::open(const Host&, DeviceControl) {
  return Error{ErrorKind::absent, "the kernel's IPMI device is read under Linux alone", ""};
}

Result<std::vector<std::uint8_t>> IpmiDevice::request(std::uint8_t, std::uint8_t, std::span<const std::uint8_t>,
                                                      Duration, IpmiTarget) const {
  static_cast<void>(control_);
  static_cast<void>(sequence_);
  return Error{ErrorKind::unsupported, "the kernel's IPMI device is read under Linux alone", ""};
}

}  // namespace impact
