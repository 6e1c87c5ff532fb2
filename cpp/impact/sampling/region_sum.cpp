#include "impact/sampling/region_sum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace impact {
namespace {

constexpr double kWholeTime = 0.99;  // a coverage from which on an energy counts as known for the whole time

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

bool covers_the_whole_time(const RegionResult& result, std::span<const Channel> channels, Domain domain) {
  return std::ranges::all_of(result.channels, [&](const ChannelResult& part) {
    const bool is_meter = channels[part.channel].domain == domain && part.role == Role::apart;
    return !is_meter || part.quality == Quality::missing || part.coverage > kWholeTime;
  });
}

}  // namespace

void sum_channels(RegionResult& result, std::span<const Channel> channels, const std::vector<bool>& at_edges,
                  std::span<const std::string> uncovered) {
  EnergySum sum;
  double coverage = 1.0;
  result.provisional = false;
  for (const ChannelResult& part : result.channels) {
    const Channel& channel = channels[part.channel];
    if (!is_in_total(part, channel)) continue;
    const Energy energy = part.energy(channel);
    sum.add(energy);
    if (energy.is_missing()) {
      result.notes.push_back(channel.id + ": no reading; not in the sum");
      continue;
    }
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
