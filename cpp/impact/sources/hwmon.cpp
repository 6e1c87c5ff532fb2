// Energy and power that drivers of processors and graphics cards show through hwmon
//
// Measures   AMD GPUs (amdgpu), Intel GPUs (i915, xe), AMD processors (amd_energy, zenergy, fam15h_power), Ampere
//            processors (xgene, altra).
// Needs      Nothing but read permission: all of it is open to everybody, amd_energy's counters to root or a group.
// Channels   hwmon/<device>/energy in J (count = microjoules) or hwmon/<device>/power in W (count = microwatts); the
//            device is the GPU's place on the bus or the package. Chips are known by name and label.
// Resolution Energy counters of i915 and xe are widened to 64 bits by the driver when they are read, and so at
//            least every 50 s; amdgpu's power is the firmware's own
//            mean over an unpublished window, renewed every few milliseconds; AMD's energy is renewed every 1 ms.
// Known faults
//   - amdgpu shows power1_average or, on newer cards, power1_input. A GPU inside a processor shows the whole package:
//     it is part of the package here. A dual-die board (MI250) shows its power on one die and 0 on the other.
//   - A card that sleeps refuses the read: missing, as nothing says what it draws.
//   - xe shows the card as energy1 and the chip as energy2: the chip is inside the card.
//   - amd_energy is the same model as RAPL's.

#include <fmt/format.h>

#include <array>

#include "impact/sources/file_source.hpp"
#include "impact/sources/hwmon_chips.hpp"

namespace impact {
namespace {

using hwmon::Chip;

constexpr std::int64_t kMostMicrowatts = 5'000'000'000;  // more than 5 kW through one sensor is nonsense

Channel channel(const Chip& chip, const std::string& device, Domain domain, bool energy) {
  Channel c;
  c.id = fmt::format("hwmon/{}/{}/{}", chip.name, device, energy ? "energy" : "power");
  c.source = "hwmon";
  c.device = device;
  c.domain = domain;
  c.quantity = energy ? "energy" : "power";
  c.kind = energy ? Kind::counter : Kind::gauge;
  c.unit = energy ? Unit::joule : Unit::watt;
  c.scale = 1e-6;
  c.update_period = energy ? std::chrono::milliseconds{1} : std::chrono::milliseconds{10};
  c.max_power = Watts{2'000};
  c.latency = std::chrono::microseconds{500};
  return c;
}

void add(std::vector<FileMeter>& meters, const Chip& chip, const std::string& attribute, Channel c) {
  const std::int64_t most = c.kind == Kind::counter ? INT64_MAX : kMostMicrowatts;
  if (auto meter = open_meter(chip.directory / attribute, std::move(c), most)) meters.push_back(std::move(*meter));
}

void add_amdgpu(std::vector<FileMeter>& meters, const Chip& chip) {
  const bool apu = hwmon::is_apu(chip);
  const std::string device = apu ? "cpu:0" : hwmon::gpu_device(chip);
  const std::size_t before = meters.size();
  for (const char* attribute : {"power1_average", "power1_input"}) {
    if (meters.size() == before)
      add(meters, chip, attribute, channel(chip, device, apu ? Domain::igpu : Domain::gpu, false));
  }
}

void add_intel_gpu(std::vector<FileMeter>& meters, const Chip& chip) {
  // The driver counts on from the register's 32 bits of 61 uJ when it is read: they wrap in two minutes at 2 kW.
  constexpr Duration kLongestPause = std::chrono::seconds{50};
  const std::string device = hwmon::gpu_device(chip);
  const std::size_t before = meters.size();
  Channel card = channel(chip, device, Domain::gpu, true);
  card.longest_pause = kLongestPause;
  add(meters, chip, "energy1_input", std::move(card));
  Channel part = channel(chip, device, meters.size() > before ? Domain::other : Domain::gpu, true);
  part.id += "-chip";
  part.longest_pause = kLongestPause;
  add(meters, chip, "energy2_input", part);
}

// Finds package 0 of "Esocket0"; the cores' counters are inside it.
void add_amd_energy(std::vector<FileMeter>& meters, const Chip& chip) {
  for (const unsigned n : hwmon::numbers_of(chip, "energy", "_label")) {
    const std::string label = hwmon::text_of(chip, fmt::format("energy{}_label", n));
    constexpr std::string_view kPrefix = "Esocket";
    if (!label.starts_with(kPrefix)) continue;
    const auto socket = parse_number<unsigned>(std::string_view(label).substr(kPrefix.size()));
    if (!socket) continue;
    Channel c = channel(chip, fmt::format("cpu:{}", *socket), Domain::package, true);
    c.quality = Quality::modelled;
    c.relative_error = 0.10;  // is the same as RAPL's (rapl.cpp)
    add(meters, chip, fmt::format("energy{}_input", n), std::move(c));
  }
}

void add_fam15h(std::vector<FileMeter>& meters, const Chip& chip, unsigned package) {
  Channel c = channel(chip, fmt::format("cpu:{}", package), Domain::package, false);
  c.quality = Quality::modelled;
  c.relative_error = 0.10;
  const std::size_t before = meters.size();
  for (const char* attribute : {"power1_average", "power1_input"}) {
    if (meters.size() == before) add(meters, chip, attribute, c);
  }
}

// Reads "CPU power" and "IO power" of one package.
void add_xgene(std::vector<FileMeter>& meters, const Chip& chip, unsigned package) {
  for (const unsigned n : hwmon::numbers_of(chip, "power", "_label")) {
    const std::string label = hwmon::text_of(chip, fmt::format("power{}_label", n));
    Channel c = channel(chip, fmt::format("cpu:{}", package), Domain::package, false);
    c.id += "-" + hwmon::slug(label);
    if (label == "CPU power" || label == "IO power") add(meters, chip, fmt::format("power{}_input", n), std::move(c));
  }
}

// The first energy counter of a processor that the driver shows to root alone; empty where there is none.
std::string closed_counter(const std::vector<Chip>& chips) {
  for (const Chip& chip : chips) {
    if (chip.name != "amd_energy" && chip.name != "zenergy") continue;
    for (const unsigned n : hwmon::numbers_of(chip, "energy", "_label")) {
      const std::filesystem::path file = chip.directory / fmt::format("energy{}_input", n);
      if (is_closed(file)) return file.string();
    }
  }
  return {};
}

Error forbidden(const std::string& file) {
  return {ErrorKind::forbidden, file + ": only root may read it",
          "until the next boot: sudo chmod o+r " + file + "\nor " + std::string(kServiceRemedy)};
}

}  // namespace

OpenedSource open_hwmon(const Host& host) {
  std::vector<FileMeter> meters;
  unsigned packages = 0;
  const std::vector<Chip> chips = hwmon::find_chips(host);
  for (const Chip& chip : chips) {
    if (chip.name == "amdgpu") add_amdgpu(meters, chip);
    if (chip.name == "i915" || chip.name == "xe") add_intel_gpu(meters, chip);
    if (chip.name == "amd_energy" || chip.name == "zenergy") add_amd_energy(meters, chip);
    if (chip.name == "fam15h_power") add_fam15h(meters, chip, packages++);
    if (chip.name == "apm_xgene" || chip.name == "xgene_hwmon") add_xgene(meters, chip, packages++);
  }
  const std::string closed = closed_counter(chips);
  if (meters.empty() && !closed.empty()) return forbidden(closed);
  if (meters.empty()) {
    return Error{ErrorKind::absent,
                 host.path("/sys/class/hwmon").string() + ": no processor's or graphics card's power sensor", ""};
  }
  return OpenedSource{
      std::make_unique<FileSource>(host, std::move(meters), closed.empty() ? Error{} : forbidden(closed))};
}

}  // namespace impact
