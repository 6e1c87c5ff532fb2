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
#include <span>

#include "impact/host/file.hpp"
#include "impact/sources/dcmi.hpp"
#include "impact/sources/free_ipmi.hpp"
#include "impact/sources/settings.hpp"
#include "impact/sources/source.hpp"

namespace impact {
namespace {

constexpr SourceSetting kAddress{"ipmi", "the management controller: <address>[:port]"};
constexpr SourceSetting kUser{"ipmi_user", "account of the management controller; the right to read is enough"};
constexpr SourceSetting kPassword{"ipmi_password", "its password", SettingKind::secret};
constexpr SourceSetting kCipher{"ipmi_cipher", "cipher suite, 3 or 17", SettingKind::text, "3"};
constexpr SourceSetting kLibrary{"freeipmi", "FreeIPMI's library", SettingKind::path, "libfreeipmi.so.17"};
constexpr std::array kSettings{kAddress, kUser, kPassword, kCipher, kLibrary};

class IpmiLan final : public dcmi::NodePower<FreeIpmi> {
 public:
  using NodePower::NodePower;
  void rest() noexcept override { door().log_out(); }  // controllers keep only few sessions
};

}  // namespace

std::span<const SourceSetting> settings_of_ipmi_lan() noexcept { return kSettings; }

OpenedSource open_ipmi_lan(const Host& host, const SourceSettings& settings) {
  const std::optional<std::string> address = settings.given(kAddress);
  if (!address) {
    return not_configured(
        "IPMI over the network",
        "export IMPACT_TRACKER_IPMI=<address of the management controller> IMPACT_TRACKER_IPMI_USER=… "
        "IMPACT_TRACKER_IPMI_PASSWORD_FILE=…");
  }
  const auto cipher = parse_number<unsigned>(settings.value(kCipher));
  if (!cipher || *cipher > 17)
    return Error{ErrorKind::misconfigured, "IMPACT_TRACKER_IPMI_CIPHER is no cipher suite from 0 to 17", ""};
  Result<FreeIpmi> session =
      FreeIpmi::open({*address, settings.value(kUser), settings.value(kPassword), *cipher}, settings.value(kLibrary));
  if (!session) return session.error();
  const Result<PowerReading> first = dcmi::ask(session.value());
  if (!first) return first.error();
  if (!first.value().active) return dcmi::switched_off();
  return OpenedSource{std::make_unique<IpmiLan>("ipmi_lan", host, std::move(session).value(), first.value())};
}

}  // namespace impact
