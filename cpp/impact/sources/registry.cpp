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

// Lists the readers of `probes` that are closed to us, wholly or in part, and that no better door makes up for.
std::vector<Probe*> closed_to_us(std::vector<Probe>& probes,
                                 const std::map<std::string_view, std::string_view>& served) {
  std::vector<Probe*> closed;
  for (Probe& probe : probes) {
    const bool has_better = !probe.source && !probe.entry.group.empty() && served.contains(probe.entry.group);
    if (probe.error.kind == ErrorKind::forbidden && !has_better) closed.push_back(&probe);
  }
  return closed;
}

const SourceEntry& entry_of(std::string_view name) { return *std::ranges::find(kEntries, name, &SourceEntry::name); }

// Tells whether a reader of that name reads what `entry` does.
bool reads_the_same(const SourceEntry& entry, std::string_view name) {
  if (name == entry.name) return true;
  const auto other = std::ranges::find(kEntries, name, &SourceEntry::name);
  return other != kEntries.end() && !entry.group.empty() && other->group == entry.group;
}

void add_advice(Error& error, std::string_view advice) {
  if (advice.empty() || error.advice.find(advice) != std::string::npos) return;
  if (!error.advice.empty()) error.advice += '\n';
  error.advice += advice;
}

// Says of a reader that is closed to us why the service does not make up for it.
void say_why_not_served(Error& error, const OpenedSource& service) {
  if (service) {
    error.what += "; the machine's service, which may read more, does not read it";
  } else if (service.error().kind == ErrorKind::absent) {
    add_advice(error, "or " + std::string(kServiceRemedy));
  } else {
    error.what += "; the machine's service does not help: " + service.error().what;
    add_advice(error, service.error().advice);
  }
}

// Whoever asked for readers by name and may not read them gets what the machine's service reads of them.
void ask_service(std::vector<Probe>& probes, const std::map<std::string_view, std::string_view>& served,
                 const Host& host, const SourceSettings& settings, std::set<std::string>& taken) {
  const std::vector<Probe*> closed = closed_to_us(probes, served);
  if (closed.empty()) return;
  const SourceEntry& entry = entry_of("service");
  OpenedSource opened = try_open(entry, host, settings);
  std::vector<std::uint32_t> kept;
  std::vector<bool> is_served(closed.size(), false);
  const std::size_t channels = opened ? opened.value()->channels().size() : 0;
  for (std::uint32_t i = 0; i < channels; ++i) {
    if (taken.contains(opened.value()->channels()[i].id)) continue;
    bool is_asked_for = false;
    for (std::size_t c = 0; c < closed.size(); ++c) {
      if (!reads_the_same(closed[c]->entry, opened.value()->reader_of(i))) continue;
      is_asked_for = is_served[c] = true;
    }
    if (is_asked_for) kept.push_back(i);
  }
  for (std::size_t c = 0; c < closed.size(); ++c) {
    Error& error = closed[c]->error;
    if (!is_served[c]) {
      say_why_not_served(error, opened);
      continue;
    }
    error.what += " (not needed: service reads it for us)";
    error.advice.clear();
  }
  if (kept.empty()) return;
  for (const std::uint32_t i : kept) taken.insert(opened.value()->channels()[i].id);
  Probe probe{entry, nullptr, opened.value()->left_out()};
  if (kept.size() == channels)
    probe.source = std::move(opened).value();
  else
    probe.source = std::make_unique<RemainingSource>(std::move(opened).value(), kept);
  probes.push_back(std::move(probe));
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
  if (!wanted.empty() && !is_wanted(entry_of("service"), wanted)) ask_service(probes, served, host, settings, taken);
  return probes;
}

}  // namespace impact
