#pragma once
// Which channels add up to the machine, each watt once. Pure: a function of the list of channels.
//
//   wall ⊇ psys ⊇ package ⊇ {core, uncore, igpu};  module ⊇ {package, dram, gpu};  dram beside package;  gpu ⊇ gpu_memory
//
// The total is the best cover by component sensors: modules where there are any, else packages, DRAM and GPUs. One
// component measured by several sources counts once: a sensor before a model, a counter before a power gauge, the
// source that is listed first before a later one. What a wattmeter saw stays apart, psys too unless asked for.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/core/result.hpp"
#include "impact/host/host.hpp"

namespace impact {

struct Part {
  std::uint32_t channel = 0;  // index into the channels
  Role role = Role::state;
  std::optional<std::uint32_t> of;  // inside, duplicate, model_unused: the channel that covers it (one of them)
};

struct Cover {
  std::vector<Part> parts;           // one for each channel, in their order
  std::vector<std::uint32_t> total;  // the channels to add up
  std::vector<std::string> missing;  // components that the machine has and nothing covers: "cpu:1", "memory"
  bool partial() const noexcept { return !missing.empty(); }
};

struct CoverOptions {
  bool include_psys = false;  // psys in the total in place of packages and DRAM
  // Components that the machine is known to have (machine_components); "cpu" and "memory" are always asked for.
  std::span<const std::string> present = {};
};

Cover find_cover(std::span<const Channel> channels, const CoverOptions& options = {});

// The packages ("cpu:0", "cpu:1"), "memory", and the GPUs ("gpu:pci-0000:65:00.0") that the machine shows.
std::vector<std::string> machine_components(const Host& host);

// A contradiction between channels over one interval, in words: a part that used more than its whole (core and package,
// package or GPU and module), psys below its packages, a wattmeter below the sum, two sensors of one thing that differ by
// more than 15 % and more than they state. energies_j: one a channel, NaN where not known. A part may exceed its whole by
// 2 % and 0.5 J: the two are not read at the same instant.
std::vector<std::string> find_contradictions(std::span<const Channel> channels, const Cover& cover,
                                             std::span<const double> energies_j);

// A model by its source's name: "cpu_model", "ram_model".
bool is_model(const Channel& channel) noexcept;

// Whether the channel tells energy: a counter in joules, or a power gauge whose integral is one.
bool tells_energy(const Channel& channel) noexcept;

}  // namespace impact
