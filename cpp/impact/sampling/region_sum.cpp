#include "impact/sampling/region_sum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace impact {
namespace {

constexpr double kWholeTime = 0.99;  // a coverage from which on an energy counts as known for the whole time

constexpr double kWorthSayingSeconds = 0.05;  // a gap that is shown with one decimal

bool is_in_total(const ChannelResult& part, const Channel& channel) noexcept {
  return part.role == Role::in_total && measures_energy(channel);
}

// The sum over the channels of one domain that stands apart; missing where none was measured.
Joules meter(const RegionResult& result, std::span<const Channel> channels, Domain domain) {
  Joules sum = Joules::missing();
  for (const ChannelResult& part : result.channels) {
    const Channel& channel = channels[part.channel];
    if (channel.domain != domain || !measures_energy(channel) || part.role == Role::duplicate ||
        part.quality == Quality::missing)
      continue;
    sum = (sum.is_missing() ? Joules{0.0} : sum) + Joules{part.value};
  }
  return sum;
}

// With one decimal.
std::string rounded(double value) {
  const auto tenths = std::llround(value * 10.0);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

bool covers_the_whole_time(const RegionResult& result, std::span<const Channel> channels, Domain domain) {
  return std::ranges::all_of(result.channels, [&](const ChannelResult& part) {
    const bool is_meter = channels[part.channel].domain == domain && part.role == Role::apart;
    return !is_meter || part.quality == Quality::missing || part.coverage > kWholeTime;
  });
}

std::string_view kind_of(std::string_view device) { return device.substr(0, device.find(':')); }

// Whether the channel can speak for the sensor's component: another sensor of that device, or a model of it or of all of
// its kind.
bool speaks_for(const ChannelResult& part, const Channel& channel, const Channel& sensor) {
  const bool same_device = channel.device == sensor.device;
  if (channel.domain != sensor.domain) return false;
  if (part.role == Role::duplicate) return same_device && measures_energy(channel);
  return (same_device || channel.device == kind_of(sensor.device)) && channel.quality == Quality::modelled;
}

struct Sensors {
  std::vector<bool> in_total;    // by channel, before anything stands in
  std::vector<bool> spoken_for;  // another channel has stood in already
};

// Which part of the component's time no sensor in the total covers: its counter stood still, or could never be read.
double part_without_sensor(const RegionResult& result, std::span<const Channel> channels,
                           const ChannelResult& candidate, const Sensors& known) {
  double sensors = 0.0;
  double without = 0.0;
  for (const ChannelResult& part : result.channels) {
    const Channel& sensor = channels[part.channel];
    if (!known.in_total[part.channel] || !speaks_for(candidate, channels[candidate.channel], sensor)) continue;
    sensors += 1.0;
    const bool is_gone = part.still > Duration{0} || (part.quality == Quality::missing && !part.provisional);
    if (is_gone && !known.spoken_for[part.channel]) without += 1.0 - part.coverage;
  }
  return sensors > 0.0 ? without / sensors : 0.0;
}

// Channels of this role stand in where they can.
void stand_in(RegionResult& result, std::span<const Channel> channels, Role role, Sensors& sensors) {
  for (ChannelResult& part : result.channels) {
    const bool is_known = part.quality != Quality::missing && part.still == Duration{0} && std::isfinite(part.value);
    if (part.role != role || !is_known) continue;
    const double filled = part_without_sensor(result, channels, part, sensors);
    if (filled <= 0.0) continue;
    for (std::uint32_t c = 0; c < channels.size(); ++c) {
      if (sensors.in_total[c] && speaks_for(part, channels[part.channel], channels[c])) sensors.spoken_for[c] = true;
    }
    part.role = Role::in_total;
    part.value *= filled;
    part.half_width *= filled;
    part.bias *= filled;
    result.notes.push_back(channels[part.channel].id +
                           ": stands in for the time that a sensor of its component does not cover");
  }
}

bool is_meter_beside(const ChannelResult& part, const Channel& channel) {
  const bool sees_the_whole = channel.domain == Domain::wall || channel.domain == Domain::psys;
  return part.role == Role::apart && sees_the_whole && measures_energy(channel) && part.quality != Quality::missing;
}

bool is_own_model(const Channel& channel) noexcept { return channel.source.ends_with("_model"); }

// Whether a model that stands in tells all of the energy that this sensor could not tell.
bool is_stood_in_for(const RegionResult& result, std::span<const Channel> channels, const ChannelResult& sensor) {
  if (is_own_model(channels[sensor.channel])) return false;
  return std::ranges::any_of(result.channels, [&](const ChannelResult& part) {
    const Channel& channel = channels[part.channel];
    return is_in_total(part, channel) && is_own_model(channel) && part.quality != Quality::missing &&
           part.coverage > kWholeTime && speaks_for(part, channel, channels[sensor.channel]);
  });
}

std::string standstill(const ChannelResult& part, const Channel& channel) {
  return channel.id + ": its counter stood still for " + rounded(seconds(part.still)) + " s; that time is not measured";
}

// Says of which time nothing was read, where there is such a time.
void note_uncovered_time(RegionResult& result, const ChannelResult& part, const Channel& channel) {
  const double uncovered_s = (1.0 - part.coverage) * seconds(result.stop - result.start);
  if (part.still > Duration{0}) {
    result.notes.push_back(standstill(part, channel));
  } else if (part.coverage <= kWholeTime && uncovered_s >= kWorthSayingSeconds && !part.provisional) {
    result.notes.push_back(channel.id + ": no reading covers " + rounded(uncovered_s) + " s of it");
  }
}

}  // namespace

void fill_gaps(RegionResult& result, std::span<const Channel> channels) {
  Sensors sensors{std::vector<bool>(channels.size(), false), std::vector<bool>(channels.size(), false)};
  for (const ChannelResult& part : result.channels)
    sensors.in_total[part.channel] = is_in_total(part, channels[part.channel]);
  stand_in(result, channels, Role::duplicate, sensors);
  stand_in(result, channels, Role::model_unused, sensors);
}

void leave_out_contradictions(RegionResult& result, std::span<const Channel> channels) {
  for (ChannelResult& part : result.channels) {
    const Channel& channel = channels[part.channel];
    if (part.quality == Quality::missing || !measures_energy(channel) || !(part.value < 0.0)) continue;
    part.quality = Quality::missing;
    part.value = part.half_width = std::numeric_limits<double>::quiet_NaN();
    part.coverage = 0.0;
    result.notes.push_back(channel.id +
                           ": its readings contradict each other: they sum to less than 0 J, which is not shown");
  }
}

void sum_channels(RegionResult& result, std::span<const Channel> channels, const std::vector<bool>& at_edges,
                  std::span<const std::string> uncovered) {
  EnergySum sum;
  double coverage = 1.0;
  result.provisional = false;
  for (const ChannelResult& part : result.channels) {
    const Channel& channel = channels[part.channel];
    if (is_meter_beside(part, channel)) note_uncovered_time(result, part, channel);
    if (!is_in_total(part, channel)) continue;
    const Energy energy = part.energy(channel);
    if (energy.is_missing() && part.still == Duration{0} && is_stood_in_for(result, channels, part)) continue;
    sum.add(energy);
    if (energy.is_missing() && part.still == Duration{0}) {
      result.notes.push_back(channel.id + ": no reading; not in the sum");
    } else {
      note_uncovered_time(result, part, channel);
    }
    if (energy.is_missing()) continue;
    coverage = std::min(coverage, part.coverage);
    result.provisional = result.provisional || part.provisional;
    if (result.edges == Edges::tick && at_edges[part.channel] && !part.ticked && channel.quality != Quality::modelled &&
        channel.update_period > Duration{0}) {
      result.notes.push_back(channel.id + ": no tick within 2 ms at an edge; plain edge");
    }
  }
  for (const std::string& component : uncovered) result.notes.push_back(component + ": not measured");
  result.energy = uncovered.empty() ? sum.total() : sum.total().as_partial();
  result.coverage = result.energy.is_missing() ? 0.0 : coverage;
}

void add_meters(RegionResult& result, std::span<const Channel> channels) {
  result.psys = meter(result, channels, Domain::psys);
  result.wall = meter(result, channels, Domain::wall);
  // Fans, drives, network, losses of the supplies, and components without a sensor.
  const bool whole_time = result.coverage > kWholeTime && covers_the_whole_time(result, channels, Domain::wall);
  result.rest = whole_time ? result.wall - result.energy.best() : Joules::missing();
}

std::optional<std::string> note_of_sleeps(std::span<const Suspension> sleeps, Instant start, Instant stop) {
  std::vector<Suspension> apart;
  for (const Suspension& sleep : sleeps) {
    if (sleep.to <= start || sleep.from >= stop) continue;
    const auto same = std::ranges::find_if(
        apart, [&](const Suspension& other) { return other.from < sleep.to && sleep.from < other.to; });
    if (same == apart.end()) {
      apart.push_back(sleep);
    } else {
      same->asleep = std::max(same->asleep, sleep.asleep);
    }
  }
  if (apart.empty()) return std::nullopt;
  double asleep_s = 0.0;
  for (const Suspension& sleep : apart) asleep_s += seconds(sleep.asleep);
  return "the machine was suspended for " + rounded(asleep_s) +
         " s; energy counters are read anew after it, so that the time between the readings around it is not measured";
}

std::map<std::string, double> utilisation(const RegionResult& result, std::span<const Channel> channels) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  std::map<std::string, double> use = {{"cpu", kUnknown}, {"memory_used_bytes", kUnknown}};
  const double length = seconds(result.stop - result.start);
  for (const ChannelResult& part : result.channels) {
    const Channel& channel = channels[part.channel];
    if (part.quality == Quality::missing) continue;
    if (channel.quantity == "cpu_time" && length > 0.0) use["cpu"] = part.value / length;
    if (channel.quantity == "memory_used" && channel.device == "memory") use["memory_used_bytes"] = part.value;
    if (channel.quantity == "utilisation") use[channel.device] = part.value;
  }
  return use;
}

std::vector<DeviceEnergy> device_energies(const RegionResult& result, std::span<const Channel> channels) {
  std::vector<DeviceEnergy> energies;
  for (const ChannelResult& part : result.channels) {
    const Channel& channel = channels[part.channel];
    if (!is_in_total(part, channel)) continue;
    auto device = std::ranges::find(energies, channel.device, &DeviceEnergy::device);
    if (device == energies.end()) device = energies.insert(device, {channel.device, Joules::missing()});
    const Joules energy = part.energy(channel).best();
    if (energy.is_missing()) continue;
    device->energy = device->energy.is_missing() ? energy : device->energy + energy;
  }
  return energies;
}

}  // namespace impact
