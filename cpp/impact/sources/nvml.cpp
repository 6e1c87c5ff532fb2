// Energy of NVIDIA GPUs through NVML
//
// Measures   Each GPU's board, by its energy counter (Volta and later). A GPU without one is nvml_power's.
// Needs      NVIDIA's driver (libnvidia-ml.so.1, another by IMPACT_TRACKER_NVML); no root. Containers need the
//            driver's "utility" capability.
// Channels   nvml/GPU-<uuid>/energy in J, count = millijoules since the driver was loaded. Keyed by UUID: indices
//            change with the environment. All GPUs of the machine, whatever CUDA_VISIBLE_DEVICES says. A GPU that is
//            cut into MIG instances is one: they have no counters of their own.
// Resolution The counter moves every 20 ms (Volta) to 100 ms (Yang, Adámek, Armour, SC24).
// Known faults
//   - Against external meters the counter is off by -8 to +13 % on consumer boards, -6 % on A100 (same source): the
//     maker's 5 % of its power reading is stated. nvml_power is the check: a difference shows in health.
//   - A driver reload begins the counter anew: a step back is a reset, never a wrap.
//   - Some boards have the call and a counter that stays 0: their power is read instead.

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "impact/sources/nvml_reader.hpp"
#include "impact/sources/read_in_turn.hpp"

namespace impact {
namespace {

Channel energy_channel(const nvml::Gpu& gpu) {
  Channel c;
  c.id = fmt::format("nvml/{}/energy", gpu.uuid);
  c.source = "nvml";
  c.device = "gpu:" + gpu.uuid;
  c.domain = Domain::gpu;
  c.scale = 1e-3;
  // Boards pass their limit for milliseconds, by a factor of two at most; no single board draws 3 kW.
  c.max_power = Watts{gpu.power_limit_w > 0 ? 3 * gpu.power_limit_w : 3'000};
  c.latency = std::chrono::microseconds{500};
  c.relative_error = 0.05;
  c.update_period = nvml::sensing_of(gpu).energy_period;
  return c;
}

// Whether the counter works: it answers, and shows more than 0 within a few of its update periods.
bool counts(const nvml::Calls& calls, const nvml::Gpu& gpu) {
  for (int i = 0; i < 30; ++i) {
    unsigned long long mj = 0;
    if (nvml::read_energy_mj(calls, gpu.handle, mj) != nvml::kSuccess) return false;
    if (mj != 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return false;
}

class NvmlEnergy final : public Source {
 public:
  NvmlEnergy(const Host& host, std::shared_ptr<const nvml::Nvml> library)
      : clock_(host.clock), nvml_(std::move(library)) {
    for (const nvml::Gpu& gpu : nvml_->gpus()) {
      if (!counts(nvml_->calls(), gpu)) continue;
      devices_.push_back(gpu.handle);
      channels_.push_back(energy_channel(gpu));
    }
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    read_in_turn(*clock_, channels_, out, [this](std::uint32_t i) -> std::optional<std::int64_t> {
      unsigned long long mj = 0;
      if (nvml::read_energy_mj(nvml_->calls(), devices_[i], mj) != nvml::kSuccess) return std::nullopt;
      return static_cast<std::int64_t>(mj);
    });
  }

 private:
  const Clock* clock_;
  std::shared_ptr<const nvml::Nvml> nvml_;
  std::vector<nvml::Device> devices_;
  std::vector<Channel> channels_;
};

}  // namespace

std::span<const SourceSetting> settings_of_nvml() noexcept { return nvml::kSettings; }

OpenedSource open_nvml(const Host& host, const SourceSettings& settings) {
  return nvml::open_reader<NvmlEnergy>(host, settings, "no NVIDIA GPU of this machine counts its energy");
}

}  // namespace impact
