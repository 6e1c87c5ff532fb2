// Power of NVIDIA GPUs over time, through NVML
//
// Measures   Each GPU's power: its shape beside the energy counter, the check of that counter, and its energy where it
//            has none (Pascal and older). On Grace Hopper the power of the whole module as well.
// Needs      As nvml.
// Channels   nvml/GPU-<uuid>/power in W, count = milliwatts; nvml/GPU-<uuid>/module_power in W (module: CPU and GPU).
// Resolution One query a GPU asks for average and instant power together; the driver's ring of samples gives each
//            sample since the last round at its own time (every 20 to 100 ms). Sensors differ by architecture (Yang,
//            Adámek, Armour, SC24): where there is a mean over the last second (Ampere, Ada, Hopper) and the samples
//            see a part of the time only (Hopper: 25 ms of each 100 ms), the mean is shifted and undone
//            (window_inverter.hpp) for the level, and the samples give the shape between. Elsewhere the samples are
//            the power; without a ring the value that the driver tells, shifted by half its window and half its age. Of
//            a GPU that counts its energy each round is one reading, the mean since the round before: each sample of
//            eight GPUs would make a record of 200 MB a day.
// Known faults
//   - Windows shorter than their period (A100: 25 of 100 ms; Pascal, Volta: 10 of 20 ms) fall into step with a periodic
//     load, and the error does not shrink with time: half of what they do not see is added to the stated error. Only
//     moving the load breaks it: the benchmark puts random delays between its phases.
//   - Kepler and Maxwell follow the power like a capacitor: their edges are late.
//   - What the ring holds on GPUs newer than Hopper has not been measured: the counter is what counts there.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "impact/sources/cpu_info.hpp"
#include "impact/sources/nvml_reader.hpp"
#include "impact/sources/nvml_samples.hpp"
#include "impact/sources/window_inverter.hpp"

namespace impact {
namespace {

using nvml::PowerSample;

constexpr double kMostWatts = 5'000;

// What one query tells of one GPU, in watts.
struct Told {
  std::optional<double> average, instant, module, usage;
};

std::optional<double> watts_of(const nvml::FieldValue& field) noexcept {
  if (field.status != nvml::kSuccess) return std::nullopt;
  const double mw = field.value_type == nvml::kTypeUnsignedLongLong ? static_cast<double>(field.value.ull)
                                                                    : static_cast<double>(field.value.ui);
  if (!(mw * 1e-3 <= kMostWatts)) return std::nullopt;
  return mw * 1e-3;
}

// One driver call for all fields where the library has it; what it does not answer is asked for by the call of its own.
Told ask(const nvml::Calls& calls, nvml::Device device, bool module) noexcept {
  Told told;
  std::array<nvml::FieldValue, 3> fields{};
  fields[0].field_id = nvml::kFieldPowerAverage;
  fields[1].field_id = fields[2].field_id = nvml::kFieldPowerInstant;
  fields[2].scope_id = nvml::kScopeModule;
  const int count = module ? 3 : 2;
  for (nvml::FieldValue& field : fields) field.status = nvml::kNotSupported;
  if (calls.field_values != nullptr && calls.field_values(device, count, fields.data()) == nvml::kSuccess) {
    told = {watts_of(fields[0]), watts_of(fields[1]), watts_of(fields[2]), std::nullopt};
  }
  unsigned mw = 0;
  if (!told.average && !told.instant && calls.power_usage != nullptr &&
      calls.power_usage(device, &mw) == nvml::kSuccess && mw * 1e-3 <= kMostWatts) {
    told.usage = mw * 1e-3;
  }
  return told;
}

// How the power of one GPU comes about.
enum class Way { samples, level_and_shape, told };

class Meter {
 public:
  Meter(const nvml::Calls& calls, const nvml::Gpu& gpu, const Clock& clock, bool may_be_module)
      : gpu_(&gpu), sensing_(nvml::sensing_of(gpu)), ring_(calls, gpu.handle, clock), inverter_(Duration{0}) {
    const Told told = ask(calls, gpu.handle, may_be_module);
    unsigned long long mj = 0;
    one_a_round_ = nvml::read_energy_mj(calls, gpu.handle, mj) == nvml::kSuccess && mj != 0;
    has_module = told.module.has_value();
    average_field_ = told.average && sensing_.average.window > Duration{0};
    const nvml::Averaging level = average_field_ ? sensing_.average : sensing_.usage;
    const bool moving = level.window > level.period && (average_field_ || told.usage);
    works = told.average || told.instant || told.usage || ring_.exists();
    if (moving && (!ring_.exists() || sensing_.instant.unseen() > 0)) {
      way_ = Way::level_and_shape;
      level_ = level;
      inverter_ = WindowInverter{level.window};
    } else if (!ring_.exists()) {
      way_ = Way::told;
      level_ = told.instant ? sensing_.instant : told.average ? sensing_.average : sensing_.usage;
    }
  }

  bool works = false;
  bool has_module = false;

  Channel channel() const {
    Channel c;
    c.id = fmt::format("nvml/{}/power", gpu_->uuid);
    c.source = "nvml_power";
    c.device = "gpu:" + gpu_->uuid;
    c.domain = Domain::gpu;
    c.quantity = "power";
    c.kind = Kind::gauge;
    c.unit = Unit::watt;
    c.scale = 1e-3;
    c.update_period = sensing_.instant.period;
    c.window = window();
    c.latency = std::chrono::milliseconds{5};
    const double unseen = way_ == Way::samples ? sensing_.instant.unseen() : level_.unseen();
    c.relative_error =
        0.05 + 0.5 * unseen;  // the maker's 5 %, and half of what no window sees: this project's allowance
    return c;
  }

  // Puts what is new. False: the GPU did not answer.
  bool read(const nvml::Calls& calls, const Clock& clock, const Told& told, Instant at, std::uint32_t index,
            Sink& out) {
    pending_.reserve(256);
    const bool ring = !ring_.exists() || ring_.read(calls, clock, pending_);
    if (way_ == Way::level_and_shape) return put_level(told, at, index, out);
    if (way_ == Way::samples) {
      put_samples(index, out);
      return ring;
    }
    const std::optional<double> watts = told.instant ? told.instant : told.average ? told.average : told.usage;
    if (watts) put(at - level_.period / 2, *watts, index, out);
    return watts.has_value();
  }

 private:
  Duration window() const noexcept { return way_ == Way::told ? level_.window : sensing_.instant.window; }

  static void put(Instant at, double watts, std::uint32_t index, Sink& out) noexcept {
    out.put({index, Quality::measured, std::llround(watts * 1e3), at, at});
  }

  void put_samples(std::uint32_t index, Sink& out) {
    if (pending_.empty()) return;
    if (one_a_round_) {
      double sum = 0;
      for (const PowerSample& sample : pending_) sum += sample.power_w;
      put(middle(pending_.front().t, pending_.back().t), sum / static_cast<double>(pending_.size()), index, out);
    } else {
      for (const PowerSample& sample : pending_) put(sample.t, sample.power_w, index, out);
    }
    pending_.clear();
  }

  bool put_level(const Told& told, Instant at, std::uint32_t index, Sink& out) {
    const std::optional<double> mean = average_field_ ? told.average : told.usage;
    if (!mean) return false;
    const Instant updated = at - level_.period / 2;
    const auto stretch = inverter_.add(updated, *mean);
    // The accumulator takes a reading as the mean over the channel's window before it.
    if (!stretch) {
      put(updated - level_.window / 2 + window() / 2, *mean, index, out);
      return true;
    }
    double sum = 0, weight = 0;
    const auto inside = [&](const PowerSample& s) { return s.t > stretch->from && s.t <= stretch->to; };
    for (const PowerSample& sample : pending_) {
      if (!inside(sample)) continue;
      sum += sample.power_w;
      weight += 1;
    }
    if (sum > 0 && !one_a_round_) {
      const double factor = stretch->power_w * weight / sum;
      for (const PowerSample& sample : pending_) {
        if (inside(sample)) put(sample.t, sample.power_w * factor, index, out);
      }
    } else {
      put(middle(stretch->from, stretch->to) + window() / 2, stretch->power_w, index, out);
    }
    std::erase_if(pending_, [&](const PowerSample& s) { return s.t <= stretch->to; });
    return true;
  }

  const nvml::Gpu* gpu_;
  nvml::Sensing sensing_;
  nvml::SampleRing ring_;
  Way way_ = Way::samples;
  nvml::Averaging level_{};
  bool average_field_ = false;
  bool one_a_round_ = false;
  WindowInverter inverter_;
  std::vector<PowerSample> pending_;
};

// One module with its processor: "NVIDIA GH200 480GB". Elsewhere what the scope "module" tells is not believed, as a
// module stands for the processors too. Nor where a module has two GPUs (Grace Blackwell).
bool is_superchip(const nvml::Gpu& gpu) {
  return gpu.name.find("GH") != std::string::npos || gpu.name.find("GB") != std::string::npos;
}

Channel module_channel(const nvml::Gpu& gpu) {
  Channel c;
  c.id = fmt::format("nvml/{}/module_power", gpu.uuid);
  c.source = "nvml_power";
  c.device = fmt::format("module:{}", gpu.index);
  c.domain = Domain::module;
  c.quantity = "power";
  c.kind = Kind::gauge;
  c.unit = Unit::watt;
  c.scale = 1e-3;
  c.update_period = c.window = std::chrono::milliseconds{100};
  c.latency = std::chrono::milliseconds{5};
  c.relative_error = 0.05;
  return c;
}

class NvmlPower final : public Source {
 public:
  NvmlPower(const Host& host, std::shared_ptr<const nvml::Nvml> library)
      : clock_(host.clock), nvml_(std::move(library)) {
    const bool arm = read_cpu_info(host).vendor == Vendor::arm;
    // Where GPUs share a module each would tell the whole of it, which would count twice.
    const bool one_a_module = arm && nvml_->gpus().size() <= count_packages(read_topology(host));
    for (const nvml::Gpu& gpu : nvml_->gpus()) {
      Meter meter(nvml_->calls(), gpu, *clock_, one_a_module && is_superchip(gpu));
      if (!meter.works) continue;
      Slot slot{gpu.handle, std::move(meter), next(), std::nullopt};
      channels_.push_back(slot.meter.channel());
      if (slot.meter.has_module) {
        slot.module = next();
        channels_.push_back(module_channel(gpu));
      }
      slots_.push_back(std::move(slot));
    }
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    for (Slot& slot : slots_) {
      const Instant before = clock_->now();
      const Told told = ask(nvml_->calls(), slot.device, slot.module.has_value());
      const Instant after = clock_->now();
      bool answered = false;
      try {
        answered = slot.meter.read(nvml_->calls(), *clock_, told, middle(before, after), slot.power, out);
        // NOLINTNEXTLINE(bugprone-empty-catch): what was not read is told as missing below
      } catch (const std::exception&) {  // no memory for the samples
      }
      if (!answered) out.missing(slot.power, before, after);
      if (!slot.module) continue;
      if (told.module)
        out.put({*slot.module, Quality::measured, std::llround(*told.module * 1e3), before, after});
      else
        out.missing(*slot.module, before, after);
    }
  }

 private:
  struct Slot {
    nvml::Device device;
    Meter meter;
    std::uint32_t power;
    std::optional<std::uint32_t> module;
  };
  std::uint32_t next() const noexcept { return static_cast<std::uint32_t>(channels_.size()); }

  const Clock* clock_;
  std::shared_ptr<const nvml::Nvml> nvml_;
  std::vector<Slot> slots_;
  std::vector<Channel> channels_;
};

}  // namespace

std::span<const SourceSetting> settings_of_nvml_power() noexcept { return nvml::kSettings; }

OpenedSource open_nvml_power(const Host& host, const SourceSettings& settings) {
  return nvml::open_reader<NvmlPower>(host, settings, "no NVIDIA GPU of this machine tells its power");
}

}  // namespace impact
