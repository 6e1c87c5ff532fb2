#pragma once
// Which readers there are, which open on this machine, and why the others do not.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "impact/sources/source.hpp"

namespace impact {

struct SourceEntry {
  std::string_view name;
  std::string_view group;
  std::string_view what;
  OpenedSource (*open)(const Host&);
};

// Every line of sources.def, in its order.
std::span<const SourceEntry> source_entries() noexcept;

struct Probe {
  SourceEntry entry;
  std::unique_ptr<Source> source;  // null where it did not open, or where a better door of its group is used
  Error error;                     // why; kind shadowed for the latter
};

// Opens what this machine has. `wanted`: names (or groups) of sources, empty for all; an unknown name throws
// std::invalid_argument that lists near ones. A model is opened too: the domain tree uses it only for components that
// no sensor covers.
std::vector<Probe> open_sources(const Host& host, std::span<const std::string> wanted = {});

}  // namespace impact
