// Temperatures and clocks of processors and AMD and Intel graphics
//
// Measures   Package temperature (coretemp, k10temp, zenpower), GPU temperature and clock (amdgpu, xe), and the clock
//            of each package's first CPU (cpufreq).
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

void add_temperature(std::vector<FileMeter>& meters, const Chip& chip, unsigned n, const std::string& device) {
  constexpr std::int64_t coldest = -60'000, hottest = 200'000;
  auto meter = open_meter(chip.directory / fmt::format("temp{}_input", n),
                          channel(device, "temperature", Unit::celsius, 1e-3), hottest, coldest);
  if (meter) meters.push_back(std::move(*meter));
}

void add_cpu(std::vector<FileMeter>& meters, const Chip& chip, unsigned& packages) {
  std::optional<unsigned> best;
  std::string best_label;
  for (const unsigned n : hwmon::numbers_of(chip, "temp", "_input")) {
    const std::string label = hwmon::text_of(chip, fmt::format("temp{}_label", n));
    const bool wanted = label.starts_with("Package id") || label == "Tdie" || label == "Tctl";
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

}  // namespace

OpenedSource open_hwmon_state(const Host& host) {
  std::vector<FileMeter> meters;
  unsigned packages = 0;
  for (const Chip& chip : hwmon::find_chips(host)) {
    if (chip.name == "coretemp" || chip.name == "k10temp" || chip.name == "zenpower") add_cpu(meters, chip, packages);
    if (chip.name == "amdgpu" || chip.name == "xe") add_gpu(meters, chip);
  }
  add_clocks(meters, host);
  if (meters.empty()) return Error{ErrorKind::absent, "no temperature or clock of a processor or graphics card", ""};
  measure_latency(host, meters);
  return OpenedSource{std::make_unique<FileSource>(host, std::move(meters))};
}

}  // namespace impact
