// Power domains of ARM servers and systems on a chip, through powercap: arm-scmi
//
// Measures   What the firmware calls its domains: the processors, memory, graphics, the whole chip.
// Needs      A firmware that speaks SCMI's power capping, CONFIG_ARM_SCMI_POWERCAP; read permission: open to everybody as a
//            rule, energy_uj to root alone.
// Channels   scmi_powercap/<name>/power in W, count = microwatts; scmi_powercap/<name>/energy in J, count = microjoules,
//            where the zone counts. Zones lie in a tree (arm-scmi:0 ⊇ arm-scmi:0:1): one at the top is counted by what its
//            name says it is, those below it are shown and not added.
// Resolution The firmware's own, not told; asked for every 100 ms at most. A read asks the firmware, 0.1 to some ms: the
//            first is timed, and a slow one gives the source a thread of its own.
// Known faults
//   - Names are the maker's. One at the top that says neither processor, memory, graphics nor chip is shown apart.
//   - Some firmware lists the chip and its parts side by side: beside a zone "soc" that is read, processors and graphics
//     are inside it, shown and not added; the memory is beside it.
//   - A zone whose power is not monitored has no power_uw, or shows 0 for ever: it is left out.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "impact/sources/file_source.hpp"
#include "impact/sources/hwmon_chips.hpp"

namespace impact {
namespace {

constexpr std::int64_t kMostMicrowatts = 10'000'000'000;  // more than 10 kW is nonsense

struct Place {
  std::string_view device;
  Domain domain;
  bool is_chip = false;  // holds processors and graphics
};

Place place_of(std::string_view name) {
  struct Rule {
    std::string_view part, device;
    Domain domain;
    bool is_chip = false;
  };
  // The order matters: "soc" of "soc-gpu" is not the chip.
  constexpr std::array kRules{Rule{"gpu", "gpu:scmi", Domain::gpu},   Rule{"dram", "memory", Domain::dram},
                              Rule{"ddr", "memory", Domain::dram},    Rule{"mem", "memory", Domain::dram},
                              Rule{"cpu", "cpu", Domain::package},    Rule{"cluster", "cpu", Domain::package},
                              Rule{"core", "cpu", Domain::package},   Rule{"package", "cpu", Domain::package},
                              Rule{"socket", "cpu", Domain::package}, Rule{"soc", "cpu", Domain::package, true},
                              Rule{"system", "node", Domain::board},  Rule{"board", "node", Domain::board}};
  for (const Rule& rule : kRules) {
    if (name.find(rule.part) != std::string_view::npos) return {rule.device, rule.domain, rule.is_chip};
  }
  return {"board", Domain::board};
}

Channel channel(const std::string& name, const Place& place, bool energy) {
  Channel c;
  c.id = fmt::format("scmi_powercap/{}/{}", name, energy ? "energy" : "power");
  c.source = "scmi_powercap";
  c.device = place.device;
  c.domain = place.domain;
  c.quantity = energy ? "energy" : "power";
  c.kind = energy ? Kind::counter : Kind::gauge;
  c.unit = energy ? Unit::joule : Unit::watt;
  c.scale = 1e-6;
  c.update_period = std::chrono::milliseconds{100};
  c.max_power = Watts{2'000};
  return c;
}

// Returns the place of the zone; nullopt where it is not read.
std::optional<Place> add_zone(std::vector<FileMeter>& meters, const std::filesystem::path& zone, std::size_t depth) {
  const Result<std::string> text = read_text(zone / "name", 128);
  if (!text) return std::nullopt;
  // Names may repeat under different parents, so the zone's own number keeps them apart.
  const std::string own = zone.filename().string();
  const std::string name = hwmon::slug(text.value()) + "-" + hwmon::slug(own.substr(own.find(':') + 1));
  const Place place = depth == 1 ? place_of(hwmon::slug(text.value())) : Place{"rail", Domain::other};
  Channel energy = channel(name, place, true);
  const Result<std::string> range = read_text(zone / "max_energy_range_uj", 64);
  energy.range = range ? parse_number<std::uint64_t>(range.value()).value_or(0) : 0;
  auto meter = open_meter(zone / "energy_uj", std::move(energy), INT64_MAX, 1);
  if (!meter) meter = open_meter(zone / "power_uw", channel(name, place, false), kMostMicrowatts, 1);
  if (!meter) return std::nullopt;
  meters.push_back(std::move(*meter));
  return place;
}

// Where the chip itself is read, its parts beside it are inside it.
void leave_out_parts_of_chip(std::vector<FileMeter>& meters, std::span<const Place> places) {
  if (std::ranges::none_of(places, &Place::is_chip)) return;
  for (std::size_t i = 0; i < meters.size(); ++i) {
    const bool is_part = places[i].domain == Domain::package || places[i].domain == Domain::gpu;
    if (!is_part || places[i].is_chip) continue;
    meters[i].channel.device = "rail";
    meters[i].channel.domain = Domain::other;
  }
}

}  // namespace

OpenedSource open_scmi_powercap(const Host& host) {
  const auto root = host.path("/sys/class/powercap");
  std::vector<FileMeter> meters;
  std::vector<Place> places;  // by meter
  bool seen = false;
  for (const std::string& name : list_directory(root)) {
    if (!name.starts_with("arm-scmi:")) continue;
    seen = true;
    const auto place = add_zone(meters, root / name, static_cast<std::size_t>(std::ranges::count(name, ':')));
    if (place) places.push_back(*place);
  }
  leave_out_parts_of_chip(meters, places);
  if (meters.empty()) {
    if (seen)
      return Error{ErrorKind::unsupported, root.string() + ": the arm-scmi zones tell neither power nor energy", ""};
    return Error{ErrorKind::absent, root.string() + ": no arm-scmi zones", ""};
  }
  measure_latency(host, meters);
  return OpenedSource{std::make_unique<FileSource>(host, std::move(meters))};
}

}  // namespace impact
