// NVIDIA GPUs whose driver is not ready when the program starts
//
// Measures   Each board's energy counter, as nvml does, from the moment at which the driver answers.
// Needs      As nvml. It opens only where the machine shows a card and NVML is installed and does not start yet: the
//            driver is being loaded, its device files are not readable yet, the fabric manager is not up.
// Channels   nvml_late/<card>/energy in J, count = millijoules. The cards are those that the machine shows, by their
//            place on the bus: what the driver calls them is not known yet.
// Resolution The counter is read once an interval by a thread of its own: the driver's start takes a second.
// Known faults
//   - Until the driver answers every reading is missing, which results state as a gap. A card without a counter stays so.
//   - A tracker that is made after the driver is ready reads nvml in its place.

#include <algorithm>
#include <memory>

#include "impact/sources/domain_tree.hpp"
#include "impact/sources/nvml_reader.hpp"
#include "impact/sources/pci_gpus.hpp"
#include "impact/sources/read_in_turn.hpp"

namespace impact {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kOnBus = "gpu:pci-";

Channel energy_channel(const std::string& card) {
  Channel c;
  c.id = "nvml_late/" + card.substr(4) + "/energy";
  c.source = "nvml_late";
  c.device = card;
  c.domain = Domain::gpu;
  c.scale = 1e-3;
  c.max_power = Watts{3'000};
  c.latency = 50ms;
  c.relative_error = 0.05;
  c.update_period = 100ms;
  return c;
}

class LateNvml final : public Source {
 public:
  LateNvml(const Host& host, SourceSettings settings, std::span<const std::string> cards)
      : host_(host), settings_(std::move(settings)), devices_(cards.size(), nullptr) {
    for (const std::string& card : cards) channels_.push_back(energy_channel(card));
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }
  bool is_provisional() const noexcept override { return true; }

  void read(Sink& out) noexcept override {
    if (!nvml_) try_to_open();
    read_in_turn(*host_.clock, channels_, out, [this](std::uint32_t i) -> std::optional<std::int64_t> {
      unsigned long long mj = 0;
      if (devices_[i] == nullptr || nvml::read_energy_mj(nvml_->calls(), devices_[i], mj) != nvml::kSuccess || mj == 0)
        return std::nullopt;
      return static_cast<std::int64_t>(mj);
    });
  }

 private:
  void try_to_open() noexcept {
    constexpr Duration kPause = 2s;
    const Instant now = host_.now();
    if (now < next_try_) return;
    next_try_ = now + kPause;
    try {
      Result<std::shared_ptr<const nvml::Nvml>> library = nvml::Nvml::open(host_, settings_);
      if (!library) return;
      nvml_ = std::move(library).value();
      for (std::size_t i = 0; i < channels_.size(); ++i) devices_[i] = device_of(i);
      // NOLINTNEXTLINE(bugprone-empty-catch): without memory the next try may do better
    } catch (const std::exception&) {}
  }

  // By its place on the bus; cards that have none, in the order in which the driver counts them.
  nvml::Device device_of(std::size_t i) const {
    const std::string_view card = channels_[i].device;
    const std::vector<nvml::Gpu>& gpus = nvml_->gpus();
    if (!card.starts_with(kOnBus)) return i < gpus.size() ? gpus[i].handle : nullptr;
    const auto gpu = std::ranges::find(gpus, card.substr(kOnBus.size()), &nvml::Gpu::pci);
    return gpu == gpus.end() ? nullptr : gpu->handle;
  }

  Host host_;
  SourceSettings settings_;
  std::vector<Channel> channels_;
  std::vector<nvml::Device>
      devices_;  // by channel; null until the driver answers, and for a card that it does not know
  std::shared_ptr<const nvml::Nvml> nvml_;
  Instant next_try_{};
};

}  // namespace

std::span<const SourceSetting> settings_of_nvml_late() noexcept { return nvml::kSettings; }

OpenedSource open_nvml_late(const Host& host, const SourceSettings& settings) {
  const Result<std::shared_ptr<const nvml::Nvml>> library = nvml::Nvml::open(host, settings);
  if (library) return Error{ErrorKind::shadowed, "NVIDIA's driver is ready: nvml reads it", ""};
  const std::vector<std::string> cards = nvidia_gpus(host);
  if (cards.empty()) return Error{ErrorKind::absent, "the machine shows no NVIDIA GPU", ""};
  if (!nvml::may_become_ready(library.error())) return library.error();
  return OpenedSource{std::make_unique<LateNvml>(host, settings, cards)};
}

}  // namespace impact
