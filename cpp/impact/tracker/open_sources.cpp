#include "impact/tracker/open_sources.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "impact/host/fork.hpp"
#include "impact/sources/domain_tree.hpp"

namespace impact {
namespace {

bool is_provisional(const OpenSources& opened) {
  return std::ranges::any_of(opened.sources, [](const PlacedSource& s) { return s.source->is_provisional(); });
}

struct Key {
  std::string root;
  std::vector<std::string> wanted;
  SourceSettings::Values told;
  auto operator<=>(const Key&) const = default;
};

struct Pool {
  std::mutex mutex;
  std::map<Key, std::shared_ptr<const OpenSources>> by_key;
};

std::shared_ptr<const OpenSources> open_now(const Host& host, std::span<const std::string> wanted,
                                            const std::string& run_key, const SourceSettings& settings) {
  auto opened = std::make_shared<OpenSources>();
  opened->settings = settings;
  for (Probe& probe : open_sources(host, wanted, settings)) {
    opened->outcomes.push_back({probe.entry, probe.source != nullptr, probe.error});
    if (!probe.source) continue;
    const std::shared_ptr<Source> source = share(host, run_key, std::move(probe.source));
    opened->shared.push_back(std::dynamic_pointer_cast<const SharedSource>(source));
    opened->sources.push_back({source, static_cast<std::uint32_t>(opened->channels.size())});
    const bool at_edges = read_at_edges(*source);
    for (const Channel& c : source->channels()) {
      opened->channels.push_back(c);
      opened->at_edges.push_back(at_edges && c.kind == Kind::counter);  // a gauge beside counters is sampled
    }
  }
  opened->components = machine_components(host);
  return opened;
}

}  // namespace

Roles roles_of(const OpenSources& opened, bool include_psys) {
  const Cover cover = find_cover(opened.channels, {include_psys, opened.components});
  Roles roles;
  for (const Part& part : cover.parts) roles.by_channel.push_back(part.role);
  roles.missing = cover.missing;
  return roles;
}

std::shared_ptr<const OpenSources> opened_sources(const Host& host, std::span<const std::string> wanted,
                                                  const std::string& run_key, const SourceSettings& settings) {
  Pool& pool = per_process<Pool>();
  const Key key{host.root.string(), {wanted.begin(), wanted.end()}, settings.of_file()};
  const std::lock_guard lock(pool.mutex);
  std::shared_ptr<const OpenSources>& opened = pool.by_key[key];
  // A machine without any source, or with a driver or a service that was not ready, is looked at again: it, or a
  // permission, may have come since.
  if (!opened || opened->sources.empty() || is_provisional(*opened)) opened = open_now(host, wanted, run_key, settings);
  return opened;
}

std::string nothing_measured(const OpenSources& opened) {
  std::string text = "nothing can be measured on this machine:";
  for (const OpenSources::Outcome& o : opened.outcomes) {
    if (o.used) continue;
    text += "\n  " + std::string(o.entry.name) + ": " + o.error.what;
    if (!o.error.advice.empty()) text += " (" + o.error.advice + ")";
  }
  for (const Channel& c : opened.channels) {
    if (!measures_energy(c) || c.quality == Quality::measured) continue;
    const std::string percent = std::to_string(std::lround(100.0 * c.relative_error));
    text += "\n  " + c.source + ": " + c.id + " is modelled, with an error of " + percent + " %";
  }
  return text;
}

bool has_energy_sensor(const OpenSources& opened) {
  return std::ranges::any_of(opened.sources, [](const PlacedSource& placed) {
    return !placed.source->is_provisional() && std::ranges::any_of(placed.source->channels(), [](const Channel& c) {
      return measures_energy(c) && c.quality == Quality::measured;
    });
  });
}

}  // namespace impact
