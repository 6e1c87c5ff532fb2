#pragma once
// What a region cost: by channel, and the machine's best cover of it.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/core/energy.hpp"
#include "impact/core/mark.hpp"

namespace impact {

// The part that a channel plays in the machine's total (sources/domain_tree decides).
enum class Role : std::uint8_t {
  in_total,      // one of the parts of the sum
  inside,        // part of another channel's energy
  duplicate,     // measures what another channel measures better
  apart,         // shown beside the total: wall, board, psys
  model_unused,  // a model of a component that a sensor covers
  state,         // no energy: utilisation, temperature, memory
};

constexpr std::string_view to_string(Role r) noexcept {
  constexpr std::string_view kNames[] = {"in_total", "inside", "duplicate", "apart", "model_unused", "state"};
  return kNames[static_cast<std::size_t>(r)];
}

// Whether the channel's value over a time is an energy: a counter of joules, or a power that is integrated.
inline bool measures_energy(const Channel& c) noexcept { return c.unit == Unit::joule || c.unit == Unit::watt; }

struct ChannelResult {
  std::uint32_t channel = 0;
  Role role = Role::state;
  double value = std::numeric_limits<double>::quiet_NaN();       // J; mean of a gauge; growth of another counter
  double half_width = std::numeric_limits<double>::quiet_NaN();  // 95 %, from tick, edges, sampling, ambiguous wraps
  double bias = 0.0;      // 95 % half-width of the sensor's or model's own error, not reduced by averaging
  double coverage = 0.0;  // part of the region that its readings cover, 0..1
  Duration still{0};      // of the time that is not covered: over which its counter stood still
  Quality quality = Quality::missing;
  bool provisional = false;  // readings after the region's end will still sharpen it
  bool ticked = false;       // both edges lie on ticks of the counter

  // The value with its errors, of a channel that measures energy (`measures_energy`).
  Energy energy(const Channel& c) const;
};

// Whose energy one channel's was, in joules. They add up to the channel's energy:
// share + others + machine_idle + unattributed, each with the idle energy that the policy gives it.
struct DeviceShare {
  std::uint32_t channel = 0;
  double share_j = 0.0;         // the tracked consumer's
  double idle_j = 0.0;          // of it: idle energy given by the idle policy; NaN where it cannot be told apart
  double others_j = 0.0;        // everybody else's
  double machine_idle_j = 0.0;  // idle energy that the policy gives to nobody
  double unattributed_j = 0.0;  // no weights were known: nobody's, rather than a guess
};

// The tracked consumer's part in a region's energy. Sums over the channels that are in the total; missing where not one
// of them could be split, with the reason.
struct Share {
  std::string scope;   // "process", "cgroup", "job"
  std::string policy;  // of idle energy: "none", "allocated_cores", "usage", "equal"
  std::string whose;   // in words: "process 1234 and its children", "Slurm job 77"
  Joules share = Joules::missing();
  Joules idle = Joules::missing();
  Joules others = Joules::missing();
  Joules machine_idle = Joules::missing();
  Joules unattributed = Joules::missing();
  Joules half_width = Joules::missing();  // 95 %, from the energy, and from edges between two readings of use
  Joules bias = Joules::missing();        // 95 % half-width of attributing by use, beside the sensors' own
  double cpu_s = std::numeric_limits<double>::quiet_NaN();      // CPU time of the consumer
  double all_cpu_s = std::numeric_limits<double>::quiet_NaN();  // and of the whole machine
  Quality quality = Quality::missing;
  std::vector<DeviceShare> devices;
  std::vector<std::string> reasons;  // why it is missing, or what is unattributed
};

struct RegionResult {
  std::uint64_t region = 0;
  std::uint64_t parent = 0;
  std::string name;
  Instant start{};
  Instant stop{};
  Edges edges = Edges::plain;
  std::vector<ChannelResult> channels;

  Energy energy;                    // the sum over the channels whose role is in_total
  Joules psys = Joules::missing();  // what the platform domain saw, beside the sum
  Joules wall = Joules::missing();  // what meters of the whole machine saw, beside the sum
  Joules rest = Joules::missing();  // what the wall saw beyond the sum; only where both are known for the whole time
  double coverage = 0.0;            // of the worst part of the sum
  bool provisional = false;
  std::vector<std::string> notes;
  std::optional<Share> share;  // only where a share was asked for
};

}  // namespace impact
