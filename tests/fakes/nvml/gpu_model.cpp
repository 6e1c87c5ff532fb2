#include "fakes/nvml/gpu_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace impact::fakes {

using nlohmann::json;

namespace {

constexpr int kGpuIsLost = 15;

std::int64_t ms(double value) { return std::llround(value * 1e6); }

PowerSensor sensor(double update_ms, double window_ms, double rc_ms = 0) {
  return {.update_ns = ms(update_ms), .window_ns = ms(window_ms), .rc_ns = ms(rc_ms)};
}

struct Architecture {
  const char* name;
  const char* product;
  unsigned number;
  int major, minor;
  bool counter;
  PowerSensor usage;
  std::optional<PowerSensor> instant, average;
};

// Periods and windows as measured by Yang, Adámek, Armour (SC24) on more than 70 GPUs.
const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> table{
      {"kepler", "Tesla K80", 2, 3, 7, false, sensor(15, 15, 150), {}, {}},
      {"maxwell", "GeForce GTX TITAN X", 3, 5, 2, false, sensor(100, 100, 300), {}, {}},
      {"pascal", "Tesla P100-PCIE-16GB", 4, 6, 0, false, sensor(20, 10), {}, {}},
      {"volta", "Tesla V100-SXM2-32GB", 5, 7, 0, true, sensor(20, 10), {}, {}},
      {"turing", "NVIDIA GeForce RTX 2080 Ti", 6, 7, 5, true, sensor(100, 100), {}, {}},
      {"ga100", "NVIDIA A100-SXM4-40GB", 7, 8, 0, true, sensor(100, 25), sensor(100, 25), {}},
      {"ampere", "NVIDIA GeForce RTX 3090", 7, 8, 6, true, sensor(100, 1000), sensor(100, 100), sensor(100, 1000)},
      {"ada", "NVIDIA GeForce RTX 4090", 8, 8, 9, true, sensor(100, 1000), sensor(100, 100), sensor(100, 1000)},
      {"hopper", "NVIDIA H100 80GB HBM3", 9, 9, 0, true, sensor(100, 1000), sensor(100, 25), sensor(100, 1000)},
  };
  return table;
}

const Architecture& row_of(const std::string& name) {
  const auto& table = architectures();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Architecture& row) { return row.name == name; });
  if (found == table.end()) throw std::invalid_argument("unknown architecture " + name);
  return *found;
}

/// A sensor's keys over what the architecture gives; null takes it away.
void adjust(std::optional<PowerSensor>& sensor, const json& config, const char* key) {
  if (!config.contains(key)) return;
  const json& given = config[key];
  if (given.is_null()) {
    sensor.reset();
    return;
  }
  if (!sensor) sensor.emplace();
  const auto take = [&](const char* name, std::int64_t& value) {
    if (given.contains(name)) value = ms(given[name].get<double>());
  };
  take("update_ms", sensor->update_ns);
  take("window_ms", sensor->window_ns);
  take("delay_ms", sensor->delay_ns);
  take("rc_ms", sensor->rc_ns);
  take("phase_ms", sensor->phase_ns);
  take("jitter_ms", sensor->jitter_ns);
  sensor->seed = given.value("seed", sensor->seed);
}

std::optional<Curve> optional_curve(const json& config, const char* key) {
  if (!config.contains(key)) return {};
  return Curve::parse(config[key].get<std::string>());
}

void read_identity(Gpu& gpu, const json& config, unsigned index, const Architecture& row) {
  char text[64];
  std::snprintf(text, sizeof text, "GPU-%08x-0000-4000-8000-%012x", 0xfa4e0000U + index, index);
  gpu.uuid = config.value("uuid", text);
  std::snprintf(text, sizeof text, "00000000:%02X:00.0", 0x17U + index);
  gpu.pci = config.value("pci", text);
  gpu.name = config.value("name", row.product);
  gpu.minor = config.value("minor", index);
  gpu.memory_bytes = config.value("memory_mib", std::uint64_t{40960}) << 20;
  gpu.power_limit_w = config.value("power_limit_w", 300.0);
  gpu.most_limit_w = config.value("most_limit_w", gpu.power_limit_w);
  gpu.temperature_c = config.value("temperature_c", 45U);
  gpu.sm_clock_mhz = config.value("sm_clock_mhz", 1410U);
  gpu.performance_state = config.value("performance_state", 0U);
  for (const json& instance : config.value("mig", json::array())) {
    const bool plain = instance.is_string();
    gpu.mig.push_back(plain ? instance.get<std::string>() : instance.at("uuid").get<std::string>());
    gpu.mig_slices.push_back(plain ? 1U : instance.value("slices", 1U));
    gpu.mig_compute_slices.push_back(plain ? 1U : instance.value("compute_slices", 1U));
  }
}

void read_faults(Gpu& gpu, const json& config) {
  for (const json& rule : config.value("fail", json::array())) {
    const std::int64_t from = std::llround(rule.value("from_s", 0.0) * 1e9);
    gpu.failures.push_back({rule.at("call").get<std::string>(),
                            rule.value("code", kGpuIsLost),
                            {from, from + std::llround(std::min(rule.value("for_s", 1e9), 4e9) * 1e9)}});
  }
  for (const double at_s : config.value("resets_s", std::vector<double>{}))
    gpu.resets_ns.push_back(std::llround(at_s * 1e9));
  std::sort(gpu.resets_ns.begin(), gpu.resets_ns.end());
  gpu.latency_us = config.value("latency_us", std::int64_t{0});
}

}  // namespace

std::int64_t PowerSensor::updated_at(std::int64_t t_ns) const {
  const TickingCounter ticks({}, {.tick_ns = update_ns, .phase_ns = phase_ns, .jitter_ns = jitter_ns, .seed = seed});
  return ticks.latched_at(t_ns);
}

double PowerSensor::shown_w(const Curve& curve, std::int64_t t_ns) const {
  const std::int64_t update = updated_at(t_ns);
  const auto window_mean = [&](std::int64_t at) { return curve.mean_w(at - delay_ns - window_ns, at - delay_ns); };
  if (rc_ns == 0) return window_mean(update);
  // The recursion unrolled until what is left has no weight.
  const double keep = std::exp(-static_cast<double>(update_ns) / static_cast<double>(rc_ns));
  double shown = 0, weight = 1;
  for (std::int64_t k = 0; weight > 1e-12; ++k, weight *= keep)
    shown += (1 - keep) * weight * window_mean(update - k * update_ns);
  return shown;
}

Gpu Gpu::from(const json& config, unsigned index) {
  Gpu gpu;
  gpu.arch = config.value("arch", "ampere");
  const Architecture& row = row_of(gpu.arch);
  read_identity(gpu, config, index, row);
  gpu.architecture = row.number;
  gpu.major = row.major;
  gpu.minor_capability = row.minor;
  gpu.curve = Curve::parse(config.value("curve", "constant:100"));
  gpu.module_curve = optional_curve(config, "module_curve");
  gpu.memory_curve = optional_curve(config, "memory_curve");
  gpu.usage = row.usage;
  gpu.instant = row.instant;
  gpu.average = row.average;
  gpu.samples = row.instant ? row.instant : row.usage;
  adjust(gpu.usage, config, "usage");
  adjust(gpu.instant, config, "instant");
  adjust(gpu.average, config, "average");
  adjust(gpu.samples, config, "samples");
  gpu.counter = config.value("counter", row.counter);
  gpu.counter_of_samples = config.value("counter_of", "power") == "samples";
  gpu.gain = config.value("gain", 1.0);
  gpu.offset_w = config.value("offset_w", 0.0);
  gpu.counter_gain = config.value("counter_gain", 1.0);
  gpu.start_j = config.value("start_j", 1234.5 + 1000.0 * index);
  gpu.counter_update_ns = ms(config.value("counter_update_ms", 20.0));
  gpu.utilization = Curve::parse(config.value("utilization", "constant:50"));
  gpu.memory_utilization = Curve::parse(config.value("memory_utilization", "constant:20"));
  for (const json& process : config.value("processes", json::array()))
    gpu.processes.push_back({process.at("pid").get<unsigned>(), process.value("sm", 0U),
                             process.value("memory_percent", 0U), process.value("memory_mib", std::uint64_t{0}) << 20,
                             process.value("mig", ~0U)});
  read_faults(gpu, config);
  return gpu;
}

int Gpu::failure_of(const std::string& call, std::int64_t t_ns) const {
  for (const Failure& rule : failures)
    if ((rule.call == "*" || rule.call == call) && rule.when.holds(t_ns)) return rule.code;
  return 0;
}

unsigned Gpu::power_mw(const PowerSensor& sensor, const Curve& of, std::int64_t t_ns) const {
  return static_cast<unsigned>(std::llround(std::max(0.0, (sensor.shown_w(of, t_ns) * gain + offset_w) * 1e3)));
}

std::uint64_t Gpu::energy_mj(std::int64_t t_ns) const {
  const TickingCounter ticks({}, {.tick_ns = counter_update_ns});
  const std::int64_t tick = ticks.latched_at(t_ns);
  const auto reset = std::upper_bound(resets_ns.begin(), resets_ns.end(), t_ns);
  const bool was_reset = reset != resets_ns.begin();
  // Between a reset and the next tick the counter shows what it starts with: nothing.
  const std::int64_t from = was_reset ? *(reset - 1) : 0;
  const double joules = counter_gain * counted_j(from, std::max(from, tick)) + (was_reset ? 0 : start_j);
  return static_cast<std::uint64_t>(std::max(0.0, std::floor(joules * 1e3)));
}

double Gpu::counted_j(std::int64_t from_ns, std::int64_t to_ns) const {
  if (!counter_of_samples || !samples) return curve.energy_j(from_ns, to_ns);
  double sum = 0;
  for (std::int64_t at = samples->updated_at(to_ns); at > from_ns; at = samples->updated_at(at - 1))
    sum += samples->shown_w(curve, at) * static_cast<double>(samples->update_ns) * 1e-9;
  return sum;
}

}  // namespace impact::fakes
