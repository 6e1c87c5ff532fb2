#pragma once
// What follows from the channels of a region's result: the machine's energy, and what is shown beside it.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/core/result.hpp"
#include "impact/core/suspension.hpp"

namespace impact {

// Where the counter of a component stood still, or could not be read at all, another sensor of it that was read beside it
// takes part in the total with that part of its energy; where there is none, a model of the component does.
void fill_gaps(RegionResult& result, std::span<const Channel> channels);

// An energy below 0 J comes from readings that contradict each other, as those of a damaged record may: it is missing.
void leave_out_contradictions(RegionResult& result, std::span<const Channel> channels);

// Sets energy, coverage and provisional to the sum over the channels that are in the total, and adds notes on what is
// missing in it. `at_edges`: by channel, whether it is read at the edges of regions. `uncovered`: components that the
// machine has and no channel covers.
void sum_channels(RegionResult& result, std::span<const Channel> channels, const std::vector<bool>& at_edges,
                  std::span<const std::string> uncovered);

// Sets psys, wall and rest, from the channels and the sum.
void add_meters(RegionResult& result, std::span<const Channel> channels);

// What a result says of the machine's sleeps between its start and its stop; nullopt where there was none. Several records
// of a machine tell of the same sleep.
std::optional<std::string> note_of_sleeps(std::span<const Suspension> sleeps, Instant start, Instant stop);

// Means over the region: "cpu" (CPUs busy at once, of all), "memory_used_bytes" of the host, and by device its use from 0
// to 1. NaN for what was not measured; the first two are always there.
std::map<std::string, double> utilisation(const RegionResult& result, std::span<const Channel> channels);

struct DeviceEnergy {
  std::string device;
  Joules energy;  // of its channels in the total; missing where none of them was measured
};

// The total by device, in the order of the channels.
std::vector<DeviceEnergy> device_energies(const RegionResult& result, std::span<const Channel> channels);

}  // namespace impact
