#pragma once
// Decides which channels add up to the machine, so that each watt counts once, by the list of channels alone.
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
  std::uint32_t channel = 0;  // is an index into the channels
  Role role = Role::state;
  std::optional<std::uint32_t> of;  // is a channel that covers it (inside, duplicate, model_unused)
};

struct Cover {
  std::vector<Part> parts;           // has one entry for each channel, in their order
  std::vector<std::uint32_t> total;  // lists the channels to add up
  std::vector<std::string> missing;  // names components that the machine has and nothing covers: "cpu:1", "memory"
  bool partial() const noexcept { return !missing.empty(); }
};

struct CoverOptions {
  bool include_psys = false;  // puts psys into the total in place of packages and DRAM
  // Names components that the machine is known to have (machine_components); "cpu" and "memory" are always asked for.
  std::span<const std::string> present = {};
};

Cover find_cover(std::span<const Channel> channels, const CoverOptions& options = {});

// Names the packages ("cpu:0", "cpu:1"), "memory", and the GPUs ("gpu:pci-0000:65:00.0") that the machine shows.
std::vector<std::string> machine_components(const Host& host);

// Finds contradictions between channels over one interval and says them in words: a part that used more than its whole
// (core and package, package or GPU and module), psys below its packages, a wattmeter below the sum, two sensors of one
// thing that differ by more than 15 % and more than they state. `energies_j` has one entry a channel, NaN where it is
// not known. A part may exceed its whole by 2 % and 0.5 J, as the two are not read at the same instant.
std::vector<std::string> find_contradictions(std::span<const Channel> channels, const Cover& cover,
                                             std::span<const double> energies_j);

// Tells whether its source's name is a model's: "cpu_model", "ram_model".
bool is_model(const Channel& channel) noexcept;

// Tells whether the channel tells energy: it is a counter in joules, or a power gauge whose integral is energy.
bool tells_energy(const Channel& channel) noexcept;

}  // namespace impact
