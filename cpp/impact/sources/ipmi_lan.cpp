// The node's power as its management controller sees it: IPMI DCMI over the network
//
// Measures   The power of the whole node at its supplies: shown apart, as a wattmeter.
// Needs      FreeIPMI's library (Debian: libfreeipmi17) and where to look: IMPACT_TRACKER_IPMI=bmc.example[:port],
//            IMPACT_TRACKER_IPMI_USER, IMPACT_TRACKER_IPMI_PASSWORD or IMPACT_TRACKER_IPMI_PASSWORD_FILE; the right to
//            read is enough. IMPACT_TRACKER_IPMI_CIPHER: 3 (the default) or 17.
// Channels   ipmi_lan/node/power in W, count = watts.
// Resolution As ipmi: 1 W, renewed every 1 to 30 s. An answer takes 1 ms to 2 s: a source with a thread of its own.
// Known faults
//   - As ipmi: nonsense is missing. A controller keeps few sessions: one is opened, kept, and closed at the end; one that
//     it drops is opened again at the next round.
//   - Suite 3 rests on SHA-1; what travels is no secret but the log-in, whose password is never sent.

#include <array>

#include "impact/host/file.hpp"
#include "impact/sources/bmc_answers.hpp"
#include "impact/sources/free_ipmi.hpp"
#include "impact/sources/node_channels.hpp"
#include "impact/sources/settings.hpp"
#include "impact/sources/source.hpp"

namespace impact {
namespace {

constexpr std::uint8_t kGroupExtension = 0x2C, kGetPowerReading = 0x02;
constexpr std::array<std::uint8_t, 4> kSystemPower{0xDC, 0x01, 0x00, 0x00};
constexpr Duration kPatience = std::chrono::seconds{3};

Result<PowerReading> ask(FreeIpmi& session) {
  const auto answer = session.request(kGroupExtension, kGetPowerReading, kSystemPower, kPatience);
  if (!answer) return answer.error();
  const std::optional<PowerReading> reading = parse_power_reading(answer.value());
  if (!reading) return Error{ErrorKind::unsupported, "IPMI: the management controller has no DCMI power reading", ""};
  return *reading;
}

class IpmiLan final : public Source {
 public:
  IpmiLan(const Host& host, FreeIpmi session, const PowerReading& first)
      : clock_(host.clock),
        session_(std::move(session)),
        filter_(first),
        channel_(node_power("ipmi_lan", 1.0, std::chrono::seconds{1}, kPatience)) {}

  std::span<const Channel> channels() const noexcept override { return {&channel_, 1}; }

  void rest() noexcept override { session_.log_out(); }  // controllers keep few

  void read(Sink& out) noexcept override {
    const Instant before = clock_->now();
    std::optional<unsigned> watts;
    try {
      const Result<PowerReading> reading = ask(session_);
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
  FreeIpmi session_;
  PowerFilter filter_;
  Channel channel_;
};

}  // namespace

OpenedSource open_ipmi_lan(const Host& host) {
  const std::optional<std::string> address = setting("IPMI");
  if (!address) {
    return not_configured(
        "IPMI over the network",
        "export IMPACT_TRACKER_IPMI=<address of the management controller> IMPACT_TRACKER_IPMI_USER=… "
        "IMPACT_TRACKER_IPMI_PASSWORD_FILE=…");
  }
  const auto cipher = parse_number<unsigned>(setting("IPMI_CIPHER").value_or("3"));
  if (!cipher || *cipher > 17)
    return Error{ErrorKind::misconfigured, "IMPACT_TRACKER_IPMI_CIPHER is no cipher suite from 0 to 17", ""};
  Result<FreeIpmi> session =
      FreeIpmi::open({*address, setting("IPMI_USER").value_or(""), secret("IPMI_PASSWORD").value_or(""), *cipher});
  if (!session) return session.error();
  const Result<PowerReading> first = ask(session.value());
  if (!first) return first.error();
  if (!first.value().active) {
    return Error{ErrorKind::unsupported, "IPMI: DCMI power measurement is switched off",
                 "ipmitool dcmi power activate"};
  }
  return OpenedSource{std::make_unique<IpmiLan>(host, std::move(session).value(), first.value())};
}

}  // namespace impact
