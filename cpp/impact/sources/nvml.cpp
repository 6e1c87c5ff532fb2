// Energy of NVIDIA GPUs through NVML
//
// Measures   Each GPU's board: its energy counter where it has one (Volta and later), else its power, to be integrated.
// Needs      NVIDIA's driver (libnvidia-ml.so.1, another by IMPACT_TRACKER_NVML); no root. Containers need the
//            driver's "utility" capability.
// Channels   nvml/GPU-<uuid>/energy in J, count = millijoules since the driver was loaded, or
//            nvml/GPU-<uuid>/power in W, count = milliwatts. Keyed by UUID: indices change with the environment. All
//            GPUs of the machine, whatever CUDA_VISIBLE_DEVICES says. A GPU that is cut into MIG instances is one.
// Resolution The counter moves every 20 ms (Volta) to 100 ms; power is renewed every 15 to 100 ms as the mean over a
//            window of 10 ms to 1 s, by architecture (Yang, Adámek, Armour, SC24).
// Known faults
//   - Against external meters the counter is off by -8 to +13 % on consumer boards, -6 % on A100 (same source): the
//     maker's 5 % of its power reading is stated.
//   - Where the window is shorter than the period (Pascal, Volta, GA100) power misses part of the time, and a periodic
//     load can alias: half of the unseen part is added to the stated error.
//   - A driver reload begins the counter anew: a step back is a reset, never a wrap.
//   - Some boards have the call and a counter that stays 0: their power is read instead.

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "impact/sources/nvml_library.hpp"
#include "impact/sources/source.hpp"

namespace impact {
namespace {

struct Meter {
  nvml::Device device = nullptr;
  bool counter = false;
};

Channel base_channel(const nvml::Gpu& gpu, const char* quantity) {
  Channel c;
  c.id = fmt::format("nvml/{}/{}", gpu.uuid, quantity);
  c.source = "nvml";
  c.device = "gpu:" + gpu.uuid;
  c.domain = Domain::gpu;
  c.quantity = quantity;
  c.scale = 1e-3;
  // Boards pass their limit for milliseconds, by a factor of two at most; no single board draws 3 kW.
  c.max_power = Watts{gpu.power_limit_w > 0 ? 3 * gpu.power_limit_w : 3'000};
  c.latency = std::chrono::microseconds{500};
  c.relative_error = 0.05;
  return c;
}

Channel energy_channel(const nvml::Gpu& gpu) {
  Channel c = base_channel(gpu, "energy");
  c.update_period = nvml::sensing_of(gpu).energy_period;
  return c;
}

Channel power_channel(const nvml::Gpu& gpu) {
  const nvml::Sensing sensing = nvml::sensing_of(gpu);
  Channel c = base_channel(gpu, "power");
  c.kind = Kind::gauge;
  c.unit = Unit::watt;
  c.update_period = sensing.power_period;
  c.window = sensing.power_window;
  // A sensor that looks a part of the time can fall into step with the load: its error does not shrink with time. Half
  // of what it does not see is this project's allowance.
  const double unseen = 1 - std::min(1.0, seconds(sensing.power_window) / seconds(sensing.power_period));
  c.relative_error += 0.5 * unseen;
  return c;
}

// Whether the counter works: it answers, and shows more than 0 within a few of its update periods.
bool counts(const nvml::Calls& calls, const nvml::Gpu& gpu) {
  if (calls.total_energy == nullptr) return false;
  for (int i = 0; i < 30; ++i) {
    unsigned long long mj = 0;
    if (calls.total_energy(gpu.handle, &mj) != nvml::kSuccess) return false;
    if (mj != 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return false;
}

bool shows_power(const nvml::Calls& calls, const nvml::Gpu& gpu) {
  unsigned mw = 0;
  return calls.power_usage != nullptr && calls.power_usage(gpu.handle, &mw) == nvml::kSuccess;
}

class NvmlEnergy final : public Source {
 public:
  NvmlEnergy(const Host& host, std::shared_ptr<const nvml::Nvml> library)
      : clock_(host.clock), nvml_(std::move(library)) {
    for (const nvml::Gpu& gpu : nvml_->gpus()) {
      const bool counter = counts(nvml_->calls(), gpu);
      if (!counter && !shows_power(nvml_->calls(), gpu)) continue;
      meters_.push_back({gpu.handle, counter});
      channels_.push_back(counter ? energy_channel(gpu) : power_channel(gpu));
    }
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    const nvml::Calls& calls = nvml_->calls();
    Instant before = clock_->now();
    for (std::uint32_t i = 0; i < meters_.size(); ++i) {
      unsigned long long mj = 0;
      unsigned mw = 0;
      const int status =
          meters_[i].counter ? calls.total_energy(meters_[i].device, &mj) : calls.power_usage(meters_[i].device, &mw);
      const Instant after = clock_->now();
      const auto count = meters_[i].counter ? static_cast<std::int64_t>(mj) : static_cast<std::int64_t>(mw);
      if (status == nvml::kSuccess)
        out.put({i, Quality::measured, count, before, after});
      else
        out.missing(i, before, after);
      before = after;
    }
  }

 private:
  const Clock* clock_;
  std::shared_ptr<const nvml::Nvml> nvml_;
  std::vector<Meter> meters_;
  std::vector<Channel> channels_;
};

}  // namespace

OpenedSource open_nvml(const Host& host) {
  Result<std::shared_ptr<const nvml::Nvml>> library = nvml::Nvml::open(host);
  if (!library) return library.error();
  auto source = std::make_unique<NvmlEnergy>(host, std::move(library).value());
  if (source->channels().empty()) {
    return Error{ErrorKind::unsupported, "no NVIDIA GPU of this machine tells its energy or its power", ""};
  }
  return OpenedSource{std::move(source)};
}

}  // namespace impact
