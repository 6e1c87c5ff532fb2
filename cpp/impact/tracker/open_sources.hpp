#pragma once
// Opens the sources of this process once, for all its trackers.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "impact/core/result.hpp"
#include "impact/sampling/edge_reader.hpp"
#include "impact/sampling/region_book.hpp"
#include "impact/sources/registry.hpp"
#include "impact/sources/shared_source.hpp"

namespace impact {

struct OpenSources {
  struct Outcome {  // says what came of one line of sources.def
    SourceEntry entry;
    bool used = false;
    Error error;
  };
  std::vector<Outcome> outcomes;
  std::vector<PlacedSource> sources;
  std::vector<std::shared_ptr<const SharedSource>> shared;  // is null for a source that each process reads itself
  std::vector<Channel> channels;                            // are those of all sources, one after the other
  std::vector<bool> at_edges;                               // says of each channel whether edges read it
  SourceSettings settings;                                  // are what the sources were told
  std::vector<std::string> components;                      // the machine shows them: "cpu:0", "memory", "gpu:…"
};

// Opens what `wanted` names (all where it is empty) below `root`, or gives what an earlier call opened. Descriptors stay
// open for the life of the process: a driver's start-up (NVML) is paid once. The processes of the run `run_key` share
// slow ones (share(); the key of the first call counts). Throws std::invalid_argument for an unknown name.
std::shared_ptr<const OpenSources> opened_sources(const Host& host, std::span<const std::string> wanted,
                                                  const std::string& run_key = {}, const SourceSettings& settings = {});

// Tells what the machine's total is summed from, with these sources.
Roles roles_of(const OpenSources& opened, bool include_psys);

// Tells whether a sensor measures energy here, and not models alone.
bool has_energy_sensor(const OpenSources& opened);
// Says of every source why it does not measure, and what would mend it.
std::string nothing_measured(const OpenSources& opened);

}  // namespace impact
