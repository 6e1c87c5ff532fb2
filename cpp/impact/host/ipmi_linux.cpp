#include "impact/host/ipmi.hpp"

#include <linux/ipmi.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace impact {
namespace {

Error failed(const char* step, int code, ErrorKind kind = ErrorKind::broken) {
  return {kind, std::string("IPMI: ") + step + ": " + std::generic_category().message(code), ""};
}

}  // namespace

Result<IpmiDevice> IpmiDevice::open(const Host& host, DeviceControl control) {
  Error error{ErrorKind::absent, host.path("/dev/ipmi0").string() + ": No such file or directory", ""};
  for (const char* name : {"/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0"}) {
    Result<Descriptor> device = open_device(host.path(name));
    if (device) return IpmiDevice{std::move(device).value(), control};
    if (device.error().kind != ErrorKind::absent) error = device.error();
  }
  return error;
}

Result<std::vector<std::uint8_t>> IpmiDevice::request(std::uint8_t netfn, std::uint8_t command,
                                                      std::span<const std::uint8_t> data, Duration at_most,
                                                      IpmiTarget target) const {
  std::vector<std::uint8_t> sent(data.begin(), data.end());
  ipmi_system_interface_addr own{};
  own.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE;
  own.channel = IPMI_BMC_CHANNEL;
  ipmi_ipmb_addr other{};
  other.addr_type = IPMI_IPMB_ADDR_TYPE;
  other.channel = target.channel;
  other.slave_addr = target.address;
  const bool direct = target.address == 0;
  ipmi_req request{};
  request.addr = direct ? reinterpret_cast<unsigned char*>(&own) : reinterpret_cast<unsigned char*>(&other);
  request.addr_len = direct ? sizeof own : sizeof other;
  request.msgid = ++sequence_;
  request.msg = {netfn, command, static_cast<unsigned short>(sent.size()), sent.data()};
  const int sent_code = control_(device_, IPMICTL_SEND_COMMAND, &request);
  if (sent_code != 0) return failed("send", sent_code, ErrorKind::unsupported);

  // An answer to an earlier command that came too late is taken off the queue and passed over.
  for (int attempt = 0; attempt < 8; ++attempt) {
    if (!wait_readable(device_, at_most)) return failed("no answer", ETIMEDOUT);
    std::array<std::uint8_t, IPMI_MAX_MSG_LENGTH> buffer{};
    ipmi_addr from{};
    ipmi_recv answer{};
    answer.addr = reinterpret_cast<unsigned char*>(&from);
    answer.addr_len = sizeof from;
    answer.msg.data = buffer.data();
    answer.msg.data_len = buffer.size();
    const int code = control_(device_, IPMICTL_RECEIVE_MSG_TRUNC, &answer);
    if (code != 0 && code != EMSGSIZE) return failed("receive", code);
    const bool ours = answer.recv_type == IPMI_RESPONSE_RECV_TYPE && answer.msgid == request.msgid;
    if (!ours || answer.msg.data_len == 0 || answer.msg.data_len > buffer.size()) continue;
    return std::vector<std::uint8_t>(buffer.begin(), buffer.begin() + answer.msg.data_len);
  }
  return failed("no answer", EBADMSG);
}

}  // namespace impact
