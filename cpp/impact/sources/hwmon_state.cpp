// Temperatures and clocks of processors and AMD and Intel graphics
//
// Measures   Package temperature (coretemp, k10temp, zenpower, xgene; on systems on a chip the thermal zones of CPU and
//            GPU), GPU temperature and clock (amdgpu, xe, i915), and the clock of each package's first CPU (cpufreq).
// Needs      Nothing.
// Channels   hwmon_state/<device>/temperature in degrees Celsius (count = 1/1000), hwmon_state/<device>/clock in Hz.
// Resolution Asked for once a second (update period 1 s).
// Known faults
//   - One CPU's clock stands for its package: to ask every CPU would interrupt each of them.
//   - k10temp's Tctl carries an offset on some parts; Tdie is used where there is one.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "impact/sources/cpu_info.hpp"
#include "impact/sources/file_source.hpp"
#include "impact/sources/hwmon_chips.hpp"

namespace impact {
namespace {

using hwmon::Chip;

Channel channel(const std::string& device, const char* quantity, Unit unit, double scale) {
  Channel c;
  c.id = fmt::format("hwmon_state/{}/{}", device, quantity);
  c.source = "hwmon_state";
  c.device = device;
  c.quantity = quantity;
  c.kind = Kind::gauge;
  c.unit = unit;
  c.scale = scale;
  c.update_period = std::chrono::seconds{1};
  return c;
}

bool add_temperature(std::vector<FileMeter>& meters, const std::filesystem::path& file, const std::string& device) {
  constexpr std::int64_t kColdest = -60'000, kHottest = 200'000;
  auto meter = open_meter(file, channel(device, "temperature", Unit::celsius, 1e-3), kHottest, kColdest);
  if (meter) meters.push_back(std::move(*meter));
  return meter.has_value();
}

bool add_temperature(std::vector<FileMeter>& meters, const Chip& chip, unsigned n, const std::string& device) {
  return add_temperature(meters, chip.directory / fmt::format("temp{}_input", n), device);
}

void add_cpu(std::vector<FileMeter>& meters, const Chip& chip, unsigned& packages) {
  std::optional<unsigned> best;
  for (const unsigned n : hwmon::numbers_of(chip, "temp", "_input")) {
    const std::string label = hwmon::text_of(chip, fmt::format("temp{}_label", n));
    const bool wanted =
        label.starts_with("Package id") || label == "Tdie" || label == "Tctl" || label == "SoC Temperature";
    if (wanted && (!best || label == "Tdie")) best = n;
  }
  if (best) add_temperature(meters, chip, *best, fmt::format("cpu:{}", packages++));
}

void add_gpu(std::vector<FileMeter>& meters, const Chip& chip) {
  const std::string device = hwmon::gpu_device(chip);
  add_temperature(meters, chip, chip.name == "xe" ? 2 : 1, device);
  auto clock = open_meter(chip.directory / "freq1_input", channel(device, "clock", Unit::hertz, 1.0));
  if (clock) meters.push_back(std::move(*clock));
}

void add_clocks(std::vector<FileMeter>& meters, const Host& host) {
  std::set<unsigned> seen;
  for (const CpuPlace& place : read_topology(host)) {
    if (!seen.insert(place.package).second) continue;
    const auto file = host.path(fmt::format("/sys/devices/system/cpu/cpu{}/cpufreq/scaling_cur_freq", place.cpu));
    auto meter = open_meter(file, channel(fmt::format("cpu:{}", place.package), "clock", Unit::hertz, 1e3));
    if (meter) meters.push_back(std::move(*meter));
  }
}

// Systems on a chip (Jetson, ARM boards) have "cpu-thermal", "CPU-therm", "gpu-thermal". One of a kind is read.
void add_thermal_zones(std::vector<FileMeter>& meters, const Host& host, bool cpu_known) {
  bool known[2] = {cpu_known, false};
  for (const std::string& name : list_directory(host.path("/sys/class/thermal"))) {
    const auto zone = host.path("/sys/class/thermal/" + name);
    const Result<std::string> text = read_text(zone / "type", 128);
    const std::string type = text ? hwmon::slug(text.value()) : std::string{};
    const bool thermal = name.starts_with("thermal_zone") && type.find("therm") != std::string::npos;
    const bool gpu = type.starts_with("gpu");
    if (!thermal || known[gpu ? 1 : 0] || !(gpu || type.starts_with("cpu") || type.starts_with("soc"))) continue;
    known[gpu ? 1 : 0] = add_temperature(meters, zone / "temp", gpu ? "soc-gpu" : "cpu:0");
  }
}

// Reads the graphics inside Intel's processors.
void add_igpu_clock(std::vector<FileMeter>& meters, const Host& host) {
  for (const std::string& card : list_directory(host.path("/sys/class/drm"))) {
    if (!card.starts_with("card") || card.find('-') != std::string::npos) continue;
    const auto file = host.path("/sys/class/drm/" + card + "/gt_act_freq_mhz");
    auto meter = open_meter(file, channel("igpu", "clock", Unit::hertz, 1e6), 100'000);
    if (!meter) continue;
    meters.push_back(std::move(*meter));
    return;
  }
}

}  // namespace

OpenedSource open_hwmon_state(const Host& host) {
  std::vector<FileMeter> meters;
  unsigned packages = 0;
  for (const Chip& chip : hwmon::find_chips(host)) {
    const bool cpu = chip.name == "coretemp" || chip.name == "k10temp" || chip.name == "zenpower" ||
                     chip.name == "apm_xgene" || chip.name == "xgene_hwmon";
    if (cpu) add_cpu(meters, chip, packages);
    if (chip.name == "amdgpu" || chip.name == "xe") add_gpu(meters, chip);
  }
  add_thermal_zones(meters, host, packages > 0);
  add_clocks(meters, host);
  add_igpu_clock(meters, host);
  if (meters.empty()) return Error{ErrorKind::absent, "no temperature or clock of a processor or graphics card", ""};
  measure_latency(host, meters);
  return OpenedSource{std::make_unique<FileSource>(host, std::move(meters))};
}

}  // namespace impact
