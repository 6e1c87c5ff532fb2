#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <ranges>
#include <stdexcept>

#include "handles.hpp"
#include "impact/core/edit_distance.hpp"
#include "impact/host/file.hpp"
#include "impact/host/meminfo.hpp"
#include "impact/sources/cpu_info.hpp"
#include "impact/sources/registry.hpp"

namespace impact {
namespace {

using nlohmann::json;
using Text = std::string_view;

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument(what); }

// "strict must be true or false, not "maybe"".
[[noreturn]] void refuse(Text name, Text must_be, Text value) {
  refuse(fmt::format("{} must be {}, not \"{}\"", name, must_be, value));
}

Text trimmed(Text text) {
  constexpr Text kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  return first == Text::npos ? Text() : text.substr(first, text.find_last_not_of(kBlank) + 1 - first);
}

// The parts between the commas, without those that are blank.
std::vector<std::string> listed(Text text) {
  std::vector<std::string> parts;
  for (const auto part : std::views::split(text, ',')) {
    const Text word = trimmed(Text(part.begin(), part.end()));
    if (!word.empty()) parts.emplace_back(word);
  }
  return parts;
}

template <class Number>
Number number_of(Text name, Text text, Number lowest, const char* must_be) {
  Number number{};
  const Text digits = trimmed(text);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_number = error == std::errc() && end == digits.data() + digits.size();
  if (!is_number || !std::isfinite(static_cast<double>(number)) || number < lowest) refuse(name, must_be, text);
  return number;
}

bool switch_of(Text name, Text text) {
  std::string word(trimmed(text));
  std::ranges::transform(word, word.begin(), [](unsigned char letter) { return std::tolower(letter); });
  for (const Text yes : {"1", "true", "yes", "on"})
    if (word == yes) return true;
  for (const Text no : {"0", "false", "no", "off"})
    if (word == no) return false;
  refuse(name, "true or false (1, 0, yes, no, on, off)", text);
}

template <class Enum, std::size_t kCount>
Enum choice_of(Text name, Text text, const Enum (&choices)[kCount]) {
  std::string words;
  for (const Enum choice : choices) {
    if (to_string(choice) == trimmed(text)) return choice;
    words.append(words.empty() ? "" : ", ").append(to_string(choice));
  }
  refuse(name, "one of " + words, text);
}

void set_share_of(TrackerSettings& core, Text text) {
  const Text word = trimmed(text);
  core.share.whose.children_only = word == "children";
  core.share.whose.pid = 0;
  if (word == "self" || word == "children") return;
  core.share.whose.pid =
      number_of<std::int64_t>("share_of", word, 1, "\"self\", \"children\" or the number of a process");
}

void set_tags(TrackerSettings& core, Text text) {
  json& tags = core.info["tags"];
  for (const std::string& part : listed(text)) {
    const std::size_t equals = part.find('=');
    const Text name = equals == std::string::npos ? Text() : trimmed(Text(part).substr(0, equals));
    if (name.empty()) refuse("tags", "name=text,name=text", part);
    tags[std::string(name)] = trimmed(Text(part).substr(equals + 1));
  }
}

void set_zone(TrackerSettings& core, Text text) {
  if (trimmed(text).empty()) refuse("zone must be the code or the name of a country or region, as FR");
  core.info["zone"] = trimmed(text);
}

// As Python's Factor.stated() has it: a number that someone gave without a range.
void set_intensity(TrackerSettings& core, Text text) {
  const double grams = number_of("intensity_g_per_kwh", text, 0.0, "0 or more grams of CO2e per kWh");
  core.info["intensity"] = {{"value", grams},
                            {"low", grams},
                            {"high", grams},
                            {"unit", "g/kWh"},
                            {"source", "stated by the user"},
                            {"name", "carbon intensity of electricity"}};
}

void set_pue(TrackerSettings& core, Text text) {
  core.info["pue"] = number_of("pue", text, 1.0, "1 or more (total energy of the site over that of its computers)");
  core.info["pue_is_stated"] = true;
}

template <const char* const& kName>
void set_place(TrackerSettings& core, Text text) {
  core.info["rank"][kName] = number_of<std::int64_t>(kName, text, 0, "a number of 0 or more");
}

constexpr const char* kRank = "rank";
constexpr const char* kWorldSize = "world_size";
constexpr const char* kLocalRank = "local_rank";
constexpr const char* kLocalWorldSize = "local_world_size";
constexpr const char* kNode = "node";

struct Setting {
  const char* name;
  void (*apply)(TrackerSettings& core, Text value);
};

// The settings of impact.h that are not a reader's, in its order.
constexpr Setting kSettings[] = {
    {"interval_s",
     [](TrackerSettings& core, Text text) {
       constexpr double kAnything = -std::numeric_limits<double>::max();  // the core knows its limits
       core.interval = TrackerSettings::interval_of(number_of("interval_s", text, kAnything, "a number of seconds"));
     }},
    {"sources",
     [](TrackerSettings& core, Text text) {
       core.sources = listed(text);
       if (core.sources.empty()) refuse("sources must name at least one source (leave it out for all)");
       if (core.sources == std::vector<std::string>{"all"}) core.sources.clear();
     }},
    {"edges",
     [](TrackerSettings& core, Text text) { core.edges = choice_of("edges", text, {Edges::plain, Edges::tick}); }},
    {"include_psys", [](TrackerSettings& core, Text text) { core.include_psys = switch_of("include_psys", text); }},
    {"strict", [](TrackerSettings& core, Text text) { core.strict = switch_of("strict", text); }},
    {"scope",
     [](TrackerSettings& core, Text text) {
       core.share.whose.scope = choice_of("scope", text, {Scope::machine, Scope::process, Scope::cgroup, Scope::job});
     }},
    {"idle_policy",
     [](TrackerSettings& core, Text text) {
       core.share.policy = choice_of(
           "idle_policy", text, {IdlePolicy::none, IdlePolicy::allocated_cores, IdlePolicy::usage, IdlePolicy::equal});
     }},
    {"share_of", &set_share_of},
    {"tags", &set_tags},
    {"zone", &set_zone},
    {"intensity_g_per_kwh", &set_intensity},
    {"pue", &set_pue},
    {kRank, &set_place<kRank>},
    {kWorldSize, &set_place<kWorldSize>},
    {kLocalRank, &set_place<kLocalRank>},
    {kLocalWorldSize, &set_place<kLocalWorldSize>},
    {kNode, &set_place<kNode>},
    {"run_key", [](TrackerSettings& core, Text text) { core.run_key = text; }},
};

const Setting* setting_named(Text name) {
  const auto* const setting = std::ranges::find(kSettings, name, [](const Setting& s) { return Text(s.name); });
  return setting == std::end(kSettings) ? nullptr : setting;
}

bool is_of_reader(Text name) {
  return std::ranges::any_of(declared_settings(), [&](const DeclaredSetting& s) { return s.name == name; });
}

std::string near_names(Text name) {
  std::vector<std::pair<std::size_t, std::string>> near;  // by distance
  const auto look = [&](Text known) {
    const std::size_t distance = edit_distance(name, known);
    if (distance <= std::max<std::size_t>(2, known.size() / 3)) near.emplace_back(distance, known);
  };
  for (const Setting& setting : kSettings) look(setting.name);
  for (const DeclaredSetting& setting : declared_settings()) look(setting.name);
  if (near.empty()) return "; impact.h lists them";
  std::ranges::sort(near);
  return fmt::format(" (did you mean {}?)", near.front().second);
}

// What a record's reader wants to know of the program and its machine, as the Python package writes it.
json surroundings() {
  const Host host;
  json info = {{"tool", {{"name", "impact-tracker"}, {"version", impact_version()}, {"interface", "C"}}},
               {"tags", json::object()},
               {"pue", 1.0},
               {"pue_is_stated", false},
               {"zone", nullptr},
               {"intensity", nullptr}};
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) info["program"] = program.string(), info["argv"] = {program.string()};
  const std::filesystem::path folder = std::filesystem::current_path(error);
  if (!error) info["cwd"] = folder.string();
  if (const Result<std::string> name = read_text(host.path("/proc/sys/kernel/hostname")))
    info["hostname"] = trimmed(name.value());
  json& machine = info["host"] = json::object();
  const CpuInfo cpu = read_cpu_info(host);
  if (!cpu.name.empty()) machine["cpu"] = cpu.name;
  if (cpu.hypervisor) machine["virtual"] = true;
  if (const std::vector<CpuPlace> places = read_topology(host); !places.empty()) {
    machine["sockets"] = count_packages(places);
    machine["logical_cpus"] = places.size();
  }
  const Result<std::string> memory = read_text(host.path("/proc/meminfo"));
  if (const auto bytes = memory ? meminfo_bytes(memory.value(), "MemTotal") : std::nullopt)
    machine["memory_bytes"] = *bytes;
  return info;
}

// What the environment says of a setting; null where it says nothing, or an empty text.
const char* variable(Text setting) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): programs that change their environment while threads run are lost anyway
  const char* const text = std::getenv(variable_of(setting).c_str());
  return text != nullptr && *text != '\0' ? text : nullptr;
}

void apply_variable(TrackerSettings& core, const Setting& setting, Text text) {
  try {
    setting.apply(core, text);
  } catch (const std::invalid_argument& error) {
    refuse(fmt::format("{} (from {})", error.what(), variable_of(setting.name)));
  }
}

}  // namespace

void set(impact_settings& settings, const std::string& name, const std::string& value) {
  if (const Setting* setting = setting_named(name)) {
    TrackerSettings trial;
    setting->apply(trial, value);
  } else if (!is_of_reader(name)) {
    refuse(fmt::format("there is no setting \"{}\"{}", name, near_names(name)));
  }
  std::string& kept = settings.values[name];
  kept = name == "tags" && !kept.empty() ? kept + "," + value : value;
}

TrackerSettings core_settings(const char* folder, const impact_settings* settings) {
  TrackerSettings core;
  const char* const logdir = variable("logdir");
  core.logdir = folder != nullptr ? folder : logdir != nullptr ? logdir : ".";
  if (core.logdir.empty()) refuse("the folder of the record must not be empty");
  core.info = surroundings();
  static const impact_settings nothing;
  const auto& values = (settings == nullptr ? nothing : *settings).values;
  // Zone and intensity are one choice, made by the first who says either; tags add up.
  const bool electricity_is_set = values.contains("zone") || values.contains("intensity_g_per_kwh");
  for (const Setting& setting : kSettings) {
    const Text name = setting.name;
    const auto value = values.find(name);
    const char* const text = variable(name);
    const bool is_overruled = (value != values.end() && name != "tags") ||
                              (electricity_is_set && (name == "zone" || name == "intensity_g_per_kwh"));
    if (text != nullptr && !is_overruled) apply_variable(core, setting, text);
    if (value != values.end()) setting.apply(core, value->second);
  }
  if (!core.info["zone"].is_null() && !core.info["intensity"].is_null())
    refuse("give either zone or intensity_g_per_kwh, not both");
  SourceSettings::Values of_readers;
  for (const auto& [name, value] : values) {
    if (setting_named(name) == nullptr) of_readers[name] = value;
  }
  core.source_settings = SourceSettings(std::move(of_readers));
  core.info["interval_s"] = seconds(core.interval);
  return core;
}

}  // namespace impact
