// Power of platform, processors and memory as Intel's Node Manager tells it: IPMI, in-band
//
// Measures   The whole platform (shown apart, as a wattmeter), all processors together, all memory together.
// Needs      As ipmi; an Intel server whose management engine runs Node Manager, at 0x2C on the controller's bus
//            (channel 0, another in IMPACT_TRACKER_NODE_MANAGER_CHANNEL).
// Channels   ipmi_nm/{node,cpu,memory}/power in W, count = watts. The latter two give way to sensors of each package.
// Resolution 1 W, renewed every second; an answer takes 10 to 100 ms: a source with a thread of its own.
// Known faults
//   - Nonsense is treated as DCMI's (ipmi.cpp): 0 W and spikes are missing.

#include <fmt/format.h>

#include <array>
#include <span>

#include "impact/host/ipmi.hpp"
#include "impact/sources/bmc_answers.hpp"
#include "impact/sources/cpu_info.hpp"
#include "impact/sources/device_readers.hpp"
#include "impact/sources/node_channels.hpp"
#include "impact/sources/settings.hpp"

namespace impact {
namespace {

constexpr std::uint8_t kOem = 0x2E, kGetStatistics = 0xC8, kManagementEngine = 0x2C;
constexpr Duration kPatience = std::chrono::seconds{3};
constexpr Duration kStartPatience = std::chrono::milliseconds{250};

constexpr SourceSetting kChannel{"node_manager_channel", "channel of the management engine on the controller's bus",
                                 SettingKind::text, "0"};
constexpr std::array kSettings{kChannel};

struct Part {
  std::uint8_t number;
  const char* device;
  Domain domain;
};
constexpr std::array<Part, 3> kParts{
    {{0, "node", Domain::wall}, {1, "cpu", Domain::package}, {2, "memory", Domain::dram}}};

std::optional<PowerReading> ask(const IpmiDevice& device, IpmiTarget target, std::uint8_t part, Duration patience) {
  const std::array<std::uint8_t, 6> global_power{0x57, 0x01, 0x00, 0x01, part, 0x00};
  const auto answer = device.request(kOem, kGetStatistics, global_power, patience, target);
  return answer ? parse_node_manager(answer.value()) : std::nullopt;
}

class NodeManager final : public Source {
 public:
  NodeManager(const Host& host, IpmiDevice device, IpmiTarget target)
      : clock_(host.clock), device_(std::move(device)), target_(target) {}

  // Tells whether the part answers.
  bool add(const Part& part) {
    const std::optional<PowerReading> first = ask(device_, target_, part.number, kStartPatience);
    if (!first || !first->active || first->current_w == 0) return false;
    Channel c = node_power("ipmi_nm", 1.0, std::chrono::seconds{1}, kPatience);
    c.id = fmt::format("ipmi_nm/{}/power", part.device);
    c.device = part.device;
    c.domain = part.domain;
    channels_.push_back(std::move(c));
    parts_.push_back({part.number, PowerFilter{*first}});
    return true;
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    for (std::uint32_t i = 0; i < parts_.size(); ++i) {
      const Instant before = clock_->now();
      std::optional<unsigned> watts;
      try {
        const auto reading = ask(device_, target_, parts_[i].number, kPatience);
        if (reading) watts = parts_[i].filter.accept(*reading);
        // NOLINTNEXTLINE(bugprone-empty-catch): what was not read is told as missing below
      } catch (const std::exception&) {  // there is no memory for the answer
      }
      const Instant after = clock_->now();
      if (watts)
        out.put({i, Quality::measured, *watts, before, after});
      else
        out.missing(i, before, after);
    }
  }

 private:
  struct Slot {
    std::uint8_t number;
    PowerFilter filter;
  };
  const Clock* clock_;
  IpmiDevice device_;
  IpmiTarget target_;
  std::vector<Slot> parts_;
  std::vector<Channel> channels_;
};

}  // namespace

OpenedSource open_ipmi_nm_with(const Host& host, DeviceControl control, const SourceSettings& settings) {
  if (read_cpu_info(host).vendor != Vendor::intel)
    return Error{ErrorKind::absent, "Node Manager: the processors are not Intel's", ""};
  Result<IpmiDevice> device = IpmiDevice::open(host, control);
  if (!device) {
    Error error = device.error();
    error.advice.clear();  // the source ipmi says it
    return error;
  }
  const auto channel = parse_number<unsigned>(settings.value(kChannel));
  if (!channel || *channel > 15)
    return Error{ErrorKind::misconfigured, "IMPACT_TRACKER_NODE_MANAGER_CHANNEL is no number from 0 to 15", ""};
  auto source = std::make_unique<NodeManager>(host, std::move(device).value(),
                                              IpmiTarget{static_cast<std::uint8_t>(*channel), kManagementEngine});
  // Where the platform itself is silent the rest is not asked for: each question may wait its time out.
  if (!source->add(kParts[0]))
    return Error{ErrorKind::unsupported, "Node Manager: the management engine tells no power", ""};
  source->add(kParts[1]);
  source->add(kParts[2]);
  return OpenedSource{std::move(source)};
}

std::span<const SourceSetting> settings_of_ipmi_nm() noexcept { return kSettings; }

OpenedSource open_ipmi_nm(const Host& host, const SourceSettings& settings) {
  return open_ipmi_nm_with(host, device_control, settings);
}

}  // namespace impact
