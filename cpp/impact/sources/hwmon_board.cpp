// Power that boards measure: through hwmon, on slow buses
//
// Measures   NVIDIA Grace and Grace Hopper modules, servers' own power meters (ACPI), power supplies (corsair-psu),
//            sensors of ARM firmware (SCMI), and shunts (INA2xx, INA3221, LTC2992, ADM127x) on boards that have some.
// Needs      Read permission. Grace: CONFIG_SENSORS_ACPI_POWER and acpi_power_meter.force_cap_on=y.
// Channels   hwmon_board/<name>/<label>/power in W, count = microwatts; where a chip shows volts and amperes alone,
//            their product. Grace's labels are told apart: Module contains Grace and the GPU, Grace its CPU, its memory
//            and SysIO. An ACPI meter without such a label sees the whole node: shown apart, as a wattmeter. What a
//            shunt on an unknown board feeds is not known: shown apart.
// Resolution What the chip averages over (power1_average_interval, 50 ms on Grace), a second otherwise.
// Known faults
//   - A read crosses I2C or firmware: the first one is timed, and a slow one gives the source a thread of its own.
//   - Microwatts of a shunt depend on the board's resistor being told to the driver: no error is stated anywhere.

#include <fmt/format.h>

#include <array>

#include "impact/sources/cpu_info.hpp"
#include "impact/sources/file_source.hpp"
#include "impact/sources/hwmon_chips.hpp"

namespace impact {
namespace {

using hwmon::Chip;
using namespace std::chrono_literals;

constexpr std::int64_t kMostMicrowatts = 100'000'000'000;  // more than 100 kW is nonsense

struct Place {
  std::string device;
  Domain domain = Domain::board;
};

// Finds the place of "Grace Power Socket 1".
std::optional<Place> grace_place(std::string_view label) {
  struct Rule {
    std::string_view prefix, device;
    Domain domain;
  };
  constexpr std::array kRules{Rule{"Module Power Socket ", "module:", Domain::module},
                              Rule{"Grace Power Socket ", "cpu+memory:", Domain::package},
                              Rule{"CPU Power Socket ", "cpu+memory:", Domain::core},
                              Rule{"SysIO Power Socket ", "cpu+memory:", Domain::uncore}};
  for (const Rule& rule : kRules) {
    if (!label.starts_with(rule.prefix)) continue;
    const auto socket = parse_number<unsigned>(label.substr(rule.prefix.size()));
    if (socket) return Place{fmt::format("{}{}", rule.device, *socket), rule.domain};
  }
  return std::nullopt;
}

Channel channel(const std::string& name, const Place& place, Duration window) {
  Channel c;
  c.id = fmt::format("hwmon_board/{}/power", name);
  c.source = "hwmon_board";
  c.device = place.device;
  c.domain = place.domain;
  c.quantity = "power";
  c.kind = Kind::gauge;
  c.unit = Unit::watt;
  c.scale = 1e-6;
  c.update_period = window > Duration{0} ? window : Duration{100ms};
  c.window = window;
  return c;
}

Duration averaging_window(const Chip& chip, unsigned n) {
  const auto ms = parse_number<unsigned>(hwmon::text_of(chip, fmt::format("power{}_average_interval", n)));
  return ms && *ms <= 60'000 ? Duration{std::chrono::milliseconds{*ms}} : Duration{0};
}

void add_power_meter(std::vector<FileMeter>& meters, const Chip& chip) {
  const std::string label = hwmon::text_of(chip, "power1_oem_info");
  const Place place = grace_place(label).value_or(Place{"node", Domain::wall});
  const std::string name = label.empty() ? "acpi-" + hwmon::slug(chip.parent) : hwmon::slug(label);
  Channel c = channel(name, place, averaging_window(chip, 1));
  if (auto meter = open_meter(chip.directory / "power1_average", std::move(c), kMostMicrowatts)) {
    meters.push_back(std::move(*meter));
  }
}

std::string label_of(const Chip& chip, const char* what, unsigned n) {
  const std::string label = hwmon::slug(hwmon::text_of(chip, fmt::format("{}{}_label", what, n)));
  const std::string own = label.empty() ? fmt::format("{}{}", what, n) : label;
  return fmt::format("{}-{}/{}", hwmon::slug(chip.name), hwmon::slug(chip.parent), own);
}

bool add_power_inputs(std::vector<FileMeter>& meters, const Chip& chip) {
  const std::size_t before = meters.size();
  for (const unsigned n : hwmon::numbers_of(chip, "power", "_input")) {
    const std::string label = hwmon::text_of(chip, fmt::format("power{}_label", n));
    const bool supply = chip.name == "corsairpsu" && label == "power total";
    const Place place = supply ? Place{"node", Domain::wall} : Place{"board", Domain::board};
    Channel c = channel(label_of(chip, "power", n), place, {});
    auto meter = open_meter(chip.directory / fmt::format("power{}_input", n), std::move(c), kMostMicrowatts);
    if (meter) meters.push_back(std::move(*meter));
  }
  return meters.size() > before;
}

// Multiplies millivolts with milliamperes to microwatts. INA3221 gives both the same number, and 4 and above are sums
// of shunts; LTC2992 does likewise; ADM127x has the volts of in1 with the current 1.
void add_products(std::vector<FileMeter>& meters, const Chip& chip) {
  for (const unsigned n : hwmon::numbers_of(chip, "curr", "_input")) {
    if (chip.name == "ina3221" && n > 3) continue;
    auto volts = open_for_reading(chip.directory / fmt::format("in{}_input", n));
    Channel c = channel(label_of(chip, "in", n), {"board", Domain::board}, {});
    auto meter = open_meter(chip.directory / fmt::format("curr{}_input", n), std::move(c));
    if (!volts || !meter) continue;
    meter->factor = std::move(volts).value();
    meter->most = kMostMicrowatts;
    meters.push_back(std::move(*meter));
  }
}

bool is_shunt(std::string_view name) {
  constexpr std::array<std::string_view, 14> kNames{"ina3221", "ina219",  "ina220",  "ina226",  "ina230",
                                                    "ina231",  "ina233",  "ina238",  "ltc2992", "ltc2945",
                                                    "adm1272", "adm1275", "adm1276", "adm1278"};
  for (const std::string_view known : kNames) {
    if (known == name) return true;
  }
  return name == "corsairpsu" || name == "scmi_sensors" || name == "scmi";
}

// Jetson's own reader knows what its rails feed.
bool is_jetson(const Host& host) {
  const Result<std::string> model = read_text(host.path("/proc/device-tree/model"), 256);
  return model && model.value().find("Jetson") != std::string::npos;
}

}  // namespace

OpenedSource open_hwmon_board(const Host& host) {
  std::vector<FileMeter> meters;
  for (const Chip& chip : hwmon::find_chips(host)) {
    if (chip.name == "power_meter") add_power_meter(meters, chip);
    if (!is_shunt(chip.name) || (chip.name == "ina3221" && is_jetson(host))) continue;
    if (!add_power_inputs(meters, chip)) add_products(meters, chip);
  }
  if (meters.empty()) {
    // Neoverse V2 with an ACPI power device is a Grace whose kernel was not told to trust it.
    const bool grace = read_cpu_info(host).name.find("Neoverse-V2") != std::string::npos;
    return Error{
        ErrorKind::absent, host.path("/sys/class/hwmon").string() + ": no power sensor of the board",
        grace ? "NVIDIA Grace: boot with acpi_power_meter.force_cap_on=y and sudo modprobe acpi_power_meter" : ""};
  }
  measure_latency(host, meters);
  return OpenedSource{std::make_unique<FileSource>(host, std::move(meters))};
}

}  // namespace impact
