#pragma once
// Holds what the three doors to RAPL (perf events, powercap, MSR) have in common: one counter is one channel, with the
// same id, device and domain whichever door reads it.

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/host/host.hpp"
#include "impact/sources/cpu_info.hpp"

namespace impact::rapl {

enum class Part { package, core, uncore, dram, psys };

struct Place {
  unsigned package = 0;
  std::optional<unsigned> die;  // is set only where packages have several
  friend bool operator==(const Place&, const Place&) = default;
};

// Makes a counter channel in joules; the caller sets scale and range. `stated` is the largest power limit that is named
// for the domain, 0 where there is none; the channel's max_power is what cannot be exceeded (rapl.cpp says why).
Channel channel(Part part, const Place& place, std::string_view source, const CpuInfo& cpu, Watts stated = Watts{0});

// Lists counters that powercap shows and closes to us (rapl_powercap.cpp), as whoever may read them names them.
std::vector<Channel> closed_counters(const Host& host);

// Says where "package-1" or "package-1-die-0" is; returns nullopt for other names.
std::optional<Place> parse_package_name(std::string_view name);

// Says which part "core", "uncore", "dram" or "psys" is; returns nullopt for other names.
std::optional<Part> parse_part_name(std::string_view name);

// Gives a counter's present value, and nullopt where it cannot be read.
using CounterReader = std::function<std::optional<std::uint64_t>()>;

// Tells whether two places show one counter: what the one is ahead of the other stays the same while they move. It waits
// for some moves, 20 ms at most; two that do not move are told apart.
bool is_one_counter(const CounterReader& a, const CounterReader& b);

}  // namespace impact::rapl
