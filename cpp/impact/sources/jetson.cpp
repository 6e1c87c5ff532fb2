// Power rails of NVIDIA Jetson modules
//
// Measures   The module's input (VDD_IN, POM_5V_IN), or where a board has none the rails that make it up, and the
//            rails of GPU, CPU and memory beside.
// Needs      /sys/bus/i2c/drivers/ina3221 (hwmon, L4T 34 and later) or ina3221x (iio, earlier). Readable by everybody.
// Channels   jetson/<rail>/power in W, count = microwatts: volts times amperes, or the older driver's milliwatts. The
//            input is the module, in the total; rails inside it are shown and not added.
// Resolution The chips average over some milliseconds; asked for every 100 ms at most.
// Known faults
//   - A read crosses I2C, one to some milliseconds a rail: a source with a thread of its own.
//   - The carrier board's own use is not seen. Rails of boards that are not known are shown apart.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "impact/sources/file_source.hpp"
#include "impact/sources/hwmon_chips.hpp"

namespace impact {
namespace {

constexpr std::int64_t kMostMicrowatts = 1'000'000'000;

struct Rail {
  std::string label;
  std::filesystem::path first;   // tells milliamperes, or milliwatts
  std::filesystem::path second;  // tells millivolts, and is empty beside milliwatts
};

void find_hwmon(const std::filesystem::path& chip, std::vector<Rail>& rails) {
  for (const std::string& node : list_directory(chip / "hwmon")) {
    const auto directory = chip / "hwmon" / node;
    for (unsigned n = 1; n <= 3; ++n) {
      const Result<std::string> label = read_text(directory / fmt::format("in{}_label", n), 128);
      if (!label || label.value() == "NC") continue;
      rails.push_back(
          {label.value(), directory / fmt::format("curr{}_input", n), directory / fmt::format("in{}_input", n)});
    }
  }
}

void find_iio(const std::filesystem::path& chip, std::vector<Rail>& rails) {
  for (const std::string& node : list_directory(chip)) {
    if (!node.starts_with("iio:device")) continue;
    for (unsigned n = 0; n <= 2; ++n) {
      const Result<std::string> label = read_text(chip / node / fmt::format("rail_name_{}", n), 128);
      if (label) rails.push_back({label.value(), chip / node / fmt::format("in_power{}_input", n), {}});
    }
  }
}

std::vector<Rail> find_rails(const Host& host) {
  std::vector<Rail> rails;
  const auto hwmon = host.path("/sys/bus/i2c/drivers/ina3221"), iio = host.path("/sys/bus/i2c/drivers/ina3221x");
  for (const std::string& chip : list_directory(hwmon)) find_hwmon(hwmon / chip, rails);
  for (const std::string& chip : list_directory(iio)) find_iio(iio / chip, rails);
  return rails;
}

// Lists what makes up the module's whole: its one input, else the rails that NVIDIA's manuals add up to it.
std::vector<std::string_view> whole_of(const std::vector<Rail>& rails) {
  static const std::vector<std::vector<std::string_view>> known{
      {"VDD_IN"},                                     // belongs to Orin NX and Nano, Xavier NX, Nano's successors, TX2
      {"POM_5V_IN"},                                  // belongs to Nano
      {"VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"},   // belong to AGX Orin
      {"GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"},  // belong to AGX Xavier
  };
  for (const auto& set : known) {
    const bool all = std::ranges::all_of(
        set, [&](std::string_view label) { return std::ranges::find(rails, label, &Rail::label) != rails.end(); });
    if (all) return set;
  }
  return {};
}

Channel channel(const Rail& rail, const std::vector<std::string_view>& whole) {
  const bool counts = std::ranges::find(whole, rail.label) != whole.end();
  Channel c;
  c.id = fmt::format("jetson/{}/power", hwmon::slug(rail.label));
  c.source = "jetson";
  c.device = counts ? "module:0" : "rail:" + rail.label;
  c.domain = counts ? Domain::module : whole.empty() ? Domain::board : Domain::other;
  c.quantity = "power";
  c.kind = Kind::gauge;
  c.unit = Unit::watt;
  c.scale = 1e-6;
  c.update_period = std::chrono::milliseconds{100};
  c.latency = std::chrono::milliseconds{5};
  return c;
}

std::optional<FileMeter> open_rail(const Rail& rail, Channel c) {
  if (rail.second.empty()) c.scale = 1e-3;
  auto meter = open_meter(rail.first, std::move(c), kMostMicrowatts);
  if (!meter || rail.second.empty()) return meter;
  Result<Descriptor> volts = open_for_reading(rail.second);
  if (!volts) return std::nullopt;
  meter->factor = std::move(volts).value();
  return meter;
}

}  // namespace

OpenedSource open_jetson(const Host& host) {
  const std::vector<Rail> rails = find_rails(host);
  const std::vector<std::string_view> board_rails = whole_of(rails);
  std::vector<FileMeter> meters;
  for (const Rail& rail : rails) {
    if (auto meter = open_rail(rail, channel(rail, board_rails))) meters.push_back(std::move(*meter));
  }
  if (meters.empty()) {
    return Error{ErrorKind::absent, host.path("/sys/bus/i2c/drivers/ina3221").string() + ": no power rails of a Jetson",
                 ""};
  }
  return OpenedSource{std::make_unique<FileSource>(host, std::move(meters))};
}

}  // namespace impact
