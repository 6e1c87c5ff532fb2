#include "fakes/powercap/machine.hpp"

#include <time.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <nlohmann/json.hpp>

namespace impact::fakes {

using nlohmann::json;

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

namespace {

std::vector<Window> windows_of(const json& config, const char* key) {
  std::vector<Window> windows;
  for (const json& pair : config.value(key, json::array())) {
    const auto begin = static_cast<std::int64_t>(pair.at(0).get<double>() * 1e9);
    windows.push_back({begin, begin + static_cast<std::int64_t>(pair.at(1).get<double>() * 1e9)});
  }
  return windows;
}

TickModel ticks_of(const json& config) {
  TickModel ticks;
  const double unit_uj = config.value("unit_uj", 61.035);
  ticks.tick_ns = config.value("tick_ns", std::int64_t{1'000'000});
  ticks.phase_ns = config.value("phase_ns", std::int64_t{0});
  ticks.jitter_ns = config.value("jitter_ns", std::int64_t{0});
  ticks.unit_j = unit_uj * 1e-6;
  ticks.range = static_cast<std::uint64_t>(std::llround(config.value("range_uj", 262143328850.0) / unit_uj)) + 1;
  ticks.start_j = config.value("start_j", 0.0);
  ticks.frozen = windows_of(config, "frozen");
  ticks.seed = config.value("seed", std::uint64_t{1});
  return ticks;
}

bool on(std::string_view argument) { return argument.empty() || argument == "on" || argument == "1"; }

double number(std::string_view text) {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{}) throw std::invalid_argument("not a number: " + std::string(text));
  return value;
}

}  // namespace

Zone::Zone(const json& config, const std::map<std::string, std::shared_ptr<Zone>>& earlier, const LoadMeter* meter)
    : path_{config.at("path").get<std::string>()},
      name_{config.at("name").get<std::string>()},
      unreadable_{config.value("unreadable", std::vector<std::string>{})},
      meter_{meter},
      ticks_{ticks_of(config)},
      unit_uj_{config.value("unit_uj", 61.035)},
      eio_{windows_of(config, "eio")},
      slow_ns_{static_cast<std::int64_t>(config.value("slow_ms", 0.0) * 1e6)},
      deny_{config.value("deny", false)} {
  if (config.contains("mirror_of")) {
    mirror_of_ = config.at("mirror_of").get<std::string>();
    const auto original = earlier.find(mirror_of_);
    if (original == earlier.end())
      throw std::invalid_argument(path_ + ": mirrors " + mirror_of_ + ", which is not above it");
    mirrored_ = original->second;
    ticks_ = mirrored_->ticks_;
    unit_uj_ = mirrored_->unit_uj_;
  } else if (config.contains("load")) {
    const json& load = config.at("load");
    load_ = LoadMeter::Weights{load.value("idle_w", 0.0), load.value("watts_per_cpu", 0.0),
                               load.value("by_command", std::map<std::string, double>{})};
  } else {
    curve_text_ = config.at("curve").get<std::string>();
    counter_.emplace(Curve::parse(curve_text_), ticks_);
  }
  const auto fix = [this](const std::string& attribute, unsigned mode, std::string text) {
    attributes_.emplace_back(attribute, mode);
    fixed_.emplace(attribute, std::move(text) + "\n");
  };
  fix("name", 0444, name_);
  attributes_.emplace_back("energy_uj", static_cast<unsigned>(std::stoul(config.value("mode", "0400"), nullptr, 8)));
  fix("max_energy_range_uj", 0444,
      std::to_string(static_cast<std::uint64_t>(static_cast<double>(ticks_.range - 1) * unit_uj_)));
  fix("enabled", 0644, std::to_string(config.value("enabled", 1)));
  fix("uevent", 0644, "");
  fixed_["uevent"].clear();
  int index = 0;
  for (const json& constraint : config.value("constraints", json::array())) {
    const std::string prefix = "constraint_" + std::to_string(index++) + "_";
    fix(prefix + "name", 0444, constraint.at("name").get<std::string>());
    for (const char* key : {"power_limit_uw", "time_window_us", "max_power_uw"})
      if (constraint.contains(key))
        fix(prefix + key, key == std::string_view("max_power_uw") ? 0444 : 0644,
            std::to_string(constraint[key].get<std::int64_t>()));
  }
}

int Zone::open(std::string_view attribute) const {
  if (vanished_) return ENOENT;
  return attribute == "energy_uj" && deny_ ? EACCES : 0;
}

Zone::Answer Zone::read(std::string_view attribute, std::int64_t epoch_ns) const {
  if (vanished_) return {ENODEV, {}};
  if (std::find(unreadable_.begin(), unreadable_.end(), attribute) != unreadable_.end()) return {EIO, {}};
  if (attribute != "energy_uj") return {0, fixed_.find(attribute)->second};
  const std::chrono::nanoseconds half{slow_ns_.load() / 2};
  if (half.count() > 0) std::this_thread::sleep_for(half);
  const std::int64_t now = monotonic_ns() - epoch_ns;
  Answer answer{fails_at(now) ? EIO : 0, {}};
  if (answer.error == 0) answer.text = std::to_string(energy_uj(now)) + "\n";
  if (half.count() > 0) std::this_thread::sleep_for(half);
  return answer;
}

bool Zone::fails_at(std::int64_t now) const {
  const std::lock_guard lock(mutex_);
  return eio_on_ || std::any_of(eio_.begin(), eio_.end(), [now](const Window& window) { return window.holds(now); });
}

double Zone::energy_j(std::int64_t now) const {
  if (mirrored_) return mirrored_->energy_j(now);
  return load_ ? LoadMeter::energy_j(meter_->latest(), *load_) : counter_->curve().energy_j(0, now);
}

std::uint64_t Zone::counts(std::int64_t now) const {
  if (mirrored_) return mirrored_->counts(now);
  std::uint64_t reset = 0;
  {
    const std::lock_guard lock(mutex_);
    if (frozen_at_) now = std::min(now, *frozen_at_);
    reset = reset_counts_;
  }
  // The energies of the load mode come at the meter's polls, which thus are its ticks.
  const std::uint64_t counts =
      load_ ? static_cast<std::uint64_t>((ticks_.start_j + energy_j(now)) / ticks_.unit_j) : counter_->counts_at(now);
  return counts - std::min(reset, counts);
}

std::uint64_t Zone::energy_uj(std::int64_t now) const {
  return static_cast<std::uint64_t>(static_cast<double>(counts(now) % ticks_.range) * unit_uj_);
}

json Zone::truth() const {
  json truth{{"name", name_},
             {"tick_ns", ticks_.tick_ns},
             {"phase_ns", ticks_.phase_ns},
             {"jitter_ns", ticks_.jitter_ns},
             {"unit_uj", unit_uj_},
             {"start_j", ticks_.start_j},
             {"range_uj", static_cast<std::uint64_t>(static_cast<double>(ticks_.range - 1) * unit_uj_)}};
  if (mirrored_)
    truth["mirror_of"] = mirror_of_;
  else if (load_)
    truth["load"] = {
        {"idle_w", load_->idle_w}, {"watts_per_cpu", load_->watts_per_cpu}, {"by_command", load_->by_command}};
  else
    truth["curve"] = curve_text_;
  return truth;
}

bool Zone::control(std::string_view verb, std::string_view argument, std::int64_t now) {
  const std::lock_guard lock(mutex_);
  if (verb == "eio" && argument.starts_with("for "))
    eio_.push_back({now, now + std::llround(number(argument.substr(4)) * 1e9)});
  else if (verb == "eio")
    eio_on_ = on(argument);
  else if (verb == "slow")
    slow_ns_ = std::llround(number(argument) * 1e6);
  else if (verb == "deny")
    deny_ = on(argument);
  else if (verb == "freeze")
    frozen_at_ = on(argument) ? std::optional{now} : std::nullopt;
  else if (verb == "reset" && counter_)
    reset_counts_ = counter_->counts_at(now);
  else if (verb == "vanish" || verb == "restore")
    vanished_ = verb == "vanish";
  else
    return false;
  return true;
}

Machine::Machine(const json& config)
    : epoch_ns_{config.contains("epoch_ns") && !config["epoch_ns"].is_null() ? config["epoch_ns"].get<std::int64_t>()
                                                                             : monotonic_ns()} {
  std::set<std::string> commands;
  bool loaded = false;
  for (const json& zone : config.at("zones")) {
    if (!zone.contains("load")) continue;
    loaded = true;
    const json by_command = zone["load"].value("by_command", json::object());
    for (const auto& item : by_command.items()) commands.insert(item.key());
  }
  if (loaded)
    meter_ = std::make_unique<LoadMeter>(epoch_ns_, static_cast<std::int64_t>(config.value("poll_ms", 5.0) * 1e6),
                                         std::vector<std::string>(commands.begin(), commands.end()));
  std::map<std::string, std::shared_ptr<Zone>> by_path;
  for (const json& zone : config.at("zones")) {
    auto made = std::make_shared<Zone>(zone, by_path, meter_.get());
    if (!by_path.emplace(made->path(), made).second) throw std::invalid_argument(made->path() + " is there twice");
    zones_.push_back(std::move(made));
  }
  powercap_ = config.value("powercap", true) && !zones_.empty();
  read_registers(config);
}

void Machine::read_registers(const json& config) {
  for (const json& group : config.value("msr", json::array()))
    for (const int cpu : group.at("cpus").get<std::vector<int>>())
      for (const auto& [number, content] : group.at("registers").items()) {
        Register& made = registers_[cpu][std::stoull(number, nullptr, 0)];
        const auto text = content.get<std::string>();
        const auto zone =
            std::find_if(zones_.begin(), zones_.end(), [&](const auto& each) { return each->path() == text; });
        if (zone != zones_.end())
          made.zone = *zone;
        else
          made.value = std::stoull(text, nullptr, 0);
      }
}

std::vector<int> Machine::register_cpus() const {
  std::vector<int> cpus;
  for (const auto& [cpu, registers] : registers_) cpus.push_back(cpu);
  return cpus;
}

std::optional<std::uint64_t> Machine::register_value(int cpu, std::uint64_t number) const {
  const auto registers = registers_.find(cpu);
  if (registers == registers_.end()) return {};
  const auto found = registers->second.find(number);
  if (found == registers->second.end()) return {};
  return found->second.zone ? found->second.zone->counts(now()) & 0xFFFFFFFFU : found->second.value;
}

std::string Machine::truth() const {
  json zones = json::object();
  for (const auto& zone : zones_) zones[zone->path()] = zone->truth();
  return json{{"clock", "CLOCK_MONOTONIC"}, {"epoch_ns", epoch_ns_}, {"zones", zones}}.dump() + "\n";
}

std::string Machine::log() const {
  if (!meter_) return {};
  std::string text;
  for (const LoadMeter::Sample& sample : meter_->log())
    text += json{{"t_ns", sample.t_ns + epoch_ns_}, {"busy_s", sample.busy_s}, {"command_s", sample.command_s}}.dump() +
            "\n";
  return text;
}

std::optional<std::string> Machine::control(std::string_view lines) {
  std::istringstream stream{std::string(lines)};
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    std::string verb, path, argument;
    words >> verb >> path >> std::ws;
    std::getline(words, argument);
    bool understood = false;
    for (const auto& zone : zones_)
      if (path == "*" || path == zone->path()) understood = zone->control(verb, argument, now()) || understood;
    if (!understood) return line;
  }
  return {};
}

}  // namespace impact::fakes
