#include "impact/sources/registry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <stdexcept>

#include "impact/core/edit_distance.hpp"
#include "impact/sources/remaining_source.hpp"

namespace impact {

#define IMPACT_SOURCE(name, group, what) OpenedSource open_##name(const Host&);
#define IMPACT_SETTABLE_SOURCE(name, group, what)               \
  OpenedSource open_##name(const Host&, const SourceSettings&); \
  std::span<const SourceSetting> settings_of_##name() noexcept;
#include "impact/sources/sources.def"
#undef IMPACT_SOURCE
#undef IMPACT_SETTABLE_SOURCE

namespace {

std::span<const SourceSetting> no_settings() noexcept { return {}; }

template <OpenedSource (*open)(const Host&)>
OpenedSource open_unset(const Host& host, const SourceSettings&) {
  return open(host);
}

#define IMPACT_SOURCE(name, group, what) SourceEntry{#name, group, what, &no_settings, &open_unset<&open_##name>},
#define IMPACT_SETTABLE_SOURCE(name, group, what) SourceEntry{#name, group, what, &settings_of_##name, &open_##name},
constexpr std::array kEntries{
#include "impact/sources/sources.def"
};
#undef IMPACT_SOURCE
#undef IMPACT_SETTABLE_SOURCE

std::vector<std::string_view> known_names() {
  std::vector<std::string_view> names;
  for (const SourceEntry& entry : kEntries) {
    for (const std::string_view name : {entry.name, entry.group}) {
      if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

[[noreturn]] void throw_unknown(const std::string& name) {
  const std::vector<std::string_view> names = known_names();
  std::vector<std::string_view> near;
  for (const std::string_view known : names) {
    const bool holds = name.size() >= 3 && known.find(name) != std::string_view::npos;
    if (holds || edit_distance(name, known) <= std::max<std::size_t>(2, known.size() / 3)) near.push_back(known);
  }
  if (near.empty())
    throw std::invalid_argument(fmt::format("no source is named '{}'; there are {}", name, fmt::join(names, ", ")));
  throw std::invalid_argument(fmt::format("no source is named '{}'; did you mean {}?", name, fmt::join(near, " or ")));
}

bool is_wanted(const SourceEntry& entry, std::span<const std::string> wanted) {
  if (wanted.empty()) return true;
  return std::ranges::any_of(
      wanted, [&](const std::string& name) { return !name.empty() && (name == entry.name || name == entry.group); });
}

OpenedSource try_open(const SourceEntry& entry, const Host& host, const SourceSettings& settings) {
  try {
    OpenedSource opened = entry.open(host, settings);
    if (opened && (!opened.value() || opened.value()->channels().empty())) {
      return Error{ErrorKind::broken, fmt::format("{} opened without a channel", entry.name), ""};
    }
    return opened;
  } catch (const std::exception& e) {
    return Error{ErrorKind::broken, fmt::format("{}: {}", entry.name, e.what()), ""};
  }
}

// Describes a door that is not needed: it is said whether it works, and no remedy.
Error not_needed(const OpenedSource& opened, std::string_view used) {
  if (opened) return {ErrorKind::shadowed, fmt::format("it works; {} reads the same counters and is used", used), ""};
  Error error = opened.error();
  error.what += fmt::format(" (not needed: {} reads the same counters)", used);
  error.advice.clear();
  return error;
}

Error nothing_left() { return {ErrorKind::shadowed, "it works; all that it reads is read without it", ""}; }

}  // namespace

std::span<const SourceEntry> source_entries() noexcept { return kEntries; }

std::vector<DeclaredSetting> declared_settings() {
  std::vector<DeclaredSetting> all;
  const auto declare = [&](DeclaredSetting setting) {
    const auto same = std::ranges::find(all, setting.name, &DeclaredSetting::name);
    if (same == all.end()) return all.push_back(std::move(setting));
    same->readers.push_back(setting.readers.front());
  };
  for (const SourceEntry& entry : kEntries) {
    for (const SourceSetting& s : entry.settings()) {
      const std::string name(s.name), reader(entry.name);
      declare({name, std::string(s.what), s.kind, std::string(s.otherwise), {reader}});
      if (s.kind == SettingKind::secret)
        declare({name + "_file", "file whose first line is " + name, SettingKind::path, "", {reader}});
    }
  }
  return all;
}

std::vector<Probe> open_sources(const Host& host, std::span<const std::string> wanted, const SourceSettings& settings) {
  const std::vector<std::string_view> names = known_names();
  for (const std::string& name : wanted) {
    if (std::ranges::find(names, name) == names.end()) throw_unknown(name);
  }
  std::vector<Probe> probes;
  std::map<std::string_view, std::string_view> served;  // has for each group the reader that is used
  std::set<std::string> taken;                          // has the ids of the channels that are read
  for (const SourceEntry& entry : kEntries) {
    if (!is_wanted(entry, wanted)) continue;
    OpenedSource opened = try_open(entry, host, settings);
    Probe probe{entry, nullptr, {}};
    const auto used = served.find(entry.group);
    if (!entry.group.empty() && used != served.end()) {
      probe.error = not_needed(opened, used->second);
    } else if (opened) {
      probe.source = without_taken(std::move(opened).value(), taken);
      probe.error = probe.source ? probe.source->left_out() : nothing_left();
      if (probe.source) served.emplace(entry.group, entry.name);
    } else {
      probe.error = opened.error();
    }
    probes.push_back(std::move(probe));
  }
  return probes;
}

}  // namespace impact
