#pragma once
// Says which readers there are, which open on this machine, and why the others do not.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "impact/sources/settings.hpp"
#include "impact/sources/source.hpp"

namespace impact {

struct SourceEntry {
  std::string_view name;
  std::string_view group;
  std::string_view what;
  std::span<const SourceSetting> (*settings)() noexcept;
  OpenedSource (*open)(const Host&, const SourceSettings&);
};

// Lists every line of sources.def, in its order.
std::span<const SourceEntry> source_entries() noexcept;

// Describes one thing that readers can be told.
struct DeclaredSetting {
  std::string name;  // stands in a configuration file, and variable_of(name) in the environment
  std::string what;
  SettingKind kind;
  std::string otherwise;
  std::vector<std::string> readers;
};

// Lists the settings of all readers, each once, in the order of sources.def; behind a secret comes its file's name.
std::vector<DeclaredSetting> declared_settings();

struct Probe {
  SourceEntry entry;
  std::unique_ptr<Source> source;  // is null where it did not open, or where a better door of its group is used
  Error error;  // says why; its kind is shadowed for the latter; with a source, what of it is left out
};

// Opens what this machine has. `wanted` names sources or groups of them and is empty for all; an unknown name throws
// std::invalid_argument that lists near ones. Of readers that were asked for by name and are closed to us the machine's
// service is asked too, and stands behind the others where it reads them. A model is opened too: the domain tree uses it only for components that
// no sensor covers.
std::vector<Probe> open_sources(const Host& host, std::span<const std::string> wanted = {},
                                const SourceSettings& settings = {});

}  // namespace impact
