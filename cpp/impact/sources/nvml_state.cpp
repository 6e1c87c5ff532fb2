// What NVIDIA GPUs are doing, through NVML
//
// Measures   Utilisation, memory in use, temperature and clock of each GPU.
// Needs      As nvml.
// Channels   nvml/GPU-<uuid>/{utilisation (ratio), memory_used (B), temperature (degC), clock (Hz, streaming
//            multiprocessors)}; what a GPU does not support has no channel.
// Resolution Asked for once a second (update period 1 s); the driver renews utilisation every 1/6 to 1 s.
// Known faults
//   - Utilisation says that some kernel ran, not how much of the GPU it used; there is none under MIG.

#include <fmt/format.h>

#include <optional>

#include "impact/sources/nvml_reader.hpp"
#include "impact/sources/read_in_turn.hpp"

namespace impact {
namespace {

using Ask = std::optional<std::int64_t> (*)(const nvml::Calls&, nvml::Device) noexcept;

std::optional<std::int64_t> utilisation(const nvml::Calls& calls, nvml::Device device) noexcept {
  nvml::Utilization value;
  if (calls.utilization == nullptr || calls.utilization(device, &value) != nvml::kSuccess || value.gpu > 100) return {};
  return value.gpu;
}

std::optional<std::int64_t> memory_used(const nvml::Calls& calls, nvml::Device device) noexcept {
  nvml::Memory value;
  if (calls.memory_info == nullptr || calls.memory_info(device, &value) != nvml::kSuccess) return {};
  return static_cast<std::int64_t>(value.used);
}

std::optional<std::int64_t> temperature(const nvml::Calls& calls, nvml::Device device) noexcept {
  unsigned value = 0;
  if (calls.temperature == nullptr || calls.temperature(device, 0, &value) != nvml::kSuccess) return {};
  return value;
}

std::optional<std::int64_t> clock_mhz(const nvml::Calls& calls, nvml::Device device) noexcept {
  constexpr int kStreamingMultiprocessors = 1;
  unsigned value = 0;
  if (calls.clock == nullptr || calls.clock(device, kStreamingMultiprocessors, &value) != nvml::kSuccess) return {};
  return value;
}

struct Question {
  const char* name;
  const char* quantity;
  Unit unit;
  double scale;
  Ask ask;
};

constexpr Question kQuantities[] = {
    {"utilisation", "utilisation", Unit::ratio, 0.01, utilisation},
    {"memory_used", "memory_used", Unit::byte, 1.0, memory_used},
    {"temperature", "temperature", Unit::celsius, 1.0, temperature},
    {"clock", "clock", Unit::hertz, 1e6, clock_mhz},
};

Channel channel_of(const nvml::Gpu& gpu, const Question& what) {
  Channel c;
  c.id = fmt::format("nvml/{}/{}", gpu.uuid, what.name);
  c.source = "nvml_state";
  c.device = "gpu:" + gpu.uuid;
  c.quantity = what.quantity;
  c.kind = Kind::gauge;
  c.unit = what.unit;
  c.scale = what.scale;
  c.update_period = std::chrono::seconds{1};
  c.latency = std::chrono::microseconds{500};
  return c;
}

class NvmlState final : public Source {
 public:
  NvmlState(const Host& host, std::shared_ptr<const nvml::Nvml> library)
      : clock_(host.clock), nvml_(std::move(library)) {
    for (const nvml::Gpu& gpu : nvml_->gpus()) {
      for (const Question& what : kQuantities) {
        if (!what.ask(nvml_->calls(), gpu.handle)) continue;
        channels_.push_back(channel_of(gpu, what));
        meters_.push_back({gpu.handle, what.ask});
      }
    }
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    read_in_turn(*clock_, channels_, out,
                 [this](std::uint32_t i) { return meters_[i].ask(nvml_->calls(), meters_[i].device); });
  }

 private:
  struct Meter {
    nvml::Device device;
    Ask ask;
  };
  const Clock* clock_;
  std::shared_ptr<const nvml::Nvml> nvml_;
  std::vector<Meter> meters_;
  std::vector<Channel> channels_;
};

}  // namespace

std::span<const SourceSetting> settings_of_nvml_state() noexcept { return nvml::kSettings; }

OpenedSource open_nvml_state(const Host& host, const SourceSettings& settings) {
  return nvml::open_reader<NvmlState>(host, settings, "no NVIDIA GPU of this machine tells what it is doing");
}

}  // namespace impact
