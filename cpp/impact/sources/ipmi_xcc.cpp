// The node's energy as Lenovo's management controller (XCC) counts it: IPMI, in-band
//
// Measures   The energy of the whole node at its supply (ThinkSystem SD650 and kin): shown apart, as a wattmeter.
// Needs      As ipmi; a controller that names Lenovo or IBM as its maker: no other is sent Lenovo's command.
// Channels   ipmi_xcc/node/energy in J, count = millijoules.
// Resolution Milliseconds; the joules wrap at 2^32 (50 days at 1 kW). An answer takes some to 50 ms: a source with a
//            thread of its own.
// Known faults
//   - The command of SD650 V2 and later (0x04 0x2D 0x36) answers in a form that is not published: DCMI's power is what is
//     left there. So does Lenovo's energy command of Node Manager (0x2E 0x81).

#include <array>

#include "impact/host/ipmi.hpp"
#include "impact/sources/bmc_answers.hpp"
#include "impact/sources/device_readers.hpp"
#include "impact/sources/source.hpp"

namespace impact {
namespace {

constexpr std::uint8_t kApplication = 0x06, kGetDeviceId = 0x01, kLenovo = 0x3A, kGetEnergy = 0x32;
constexpr std::array<std::uint8_t, 5> kSingleReading{0x04, 0x02, 0x00, 0x00, 0x00};
constexpr std::uint32_t kMakerLenovo = 19'046, kMakerIbm = 2;
constexpr Duration kPatience = std::chrono::seconds{3};
constexpr Duration kStartPatience = std::chrono::milliseconds{250};

std::optional<EnergyReading> ask(const IpmiDevice& device, Duration patience) {
  const auto answer = device.request(kLenovo, kGetEnergy, kSingleReading, patience);
  return answer ? parse_xcc_energy(answer.value()) : std::nullopt;
}

class Xcc final : public Source {
 public:
  Xcc(const Host& host, IpmiDevice device) : clock_(host.clock), device_(std::move(device)) {
    channel_.id = "ipmi_xcc/node/energy";
    channel_.source = "ipmi_xcc";
    channel_.device = "node";
    channel_.domain = Domain::wall;
    channel_.scale = 1e-3;
    channel_.range = (std::uint64_t{1} << 32U) * 1000;
    channel_.update_period = std::chrono::milliseconds{10};
    channel_.latency = kPatience;
    channel_.max_power = Watts{20'000};
  }

  std::span<const Channel> channels() const noexcept override { return {&channel_, 1}; }

  void read(Sink& out) noexcept override {
    const Instant before = clock_->now();
    std::optional<EnergyReading> energy;
    try {
      energy = ask(device_, kPatience);
      // NOLINTNEXTLINE(bugprone-empty-catch): what was not read is told as missing below
    } catch (const std::exception&) {  // there is no memory for the answer
    }
    const Instant after = clock_->now();
    if (energy)
      out.put({0, Quality::measured, static_cast<std::int64_t>(energy->millijoules), before, after});
    else
      out.missing(0, before, after);
  }

 private:
  const Clock* clock_;
  IpmiDevice device_;
  Channel channel_;
};

}  // namespace

OpenedSource open_ipmi_xcc_with(const Host& host, DeviceControl control) {
  Result<IpmiDevice> device = IpmiDevice::open(host, control);
  if (!device) {
    Error error = device.error();
    error.advice.clear();  // the source ipmi says it
    return error;
  }
  const auto identity = device.value().request(kApplication, kGetDeviceId, {}, kStartPatience);
  if (!identity) return identity.error();
  const auto maker = parse_manufacturer(identity.value());
  if (maker != kMakerLenovo && maker != kMakerIbm)
    return Error{ErrorKind::absent, "IPMI: the management controller is not Lenovo's", ""};
  if (!ask(device.value(), kStartPatience))
    return Error{ErrorKind::unsupported, "IPMI: this controller of Lenovo's does not count energy", ""};
  return OpenedSource{std::make_unique<Xcc>(host, std::move(device).value())};
}

OpenedSource open_ipmi_xcc(const Host& host) { return open_ipmi_xcc_with(host, device_control); }

}  // namespace impact
