#include "impact/sources/domain_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "impact/sources/pci_gpus.hpp"

namespace impact {
namespace {

using Index = std::uint32_t;

// "cpu:0" -> "cpu", "gpu:GPU-8f" -> "gpu".
std::string_view family(std::string_view device) { return device.substr(0, device.find(':')); }

// A device that stands for all of its kind, or for one that cannot be told from the others' names: "cpu", "memory",
// "gpu:accel3", and a card whose driver was not ready to name it.
bool is_anonymous(const Channel& channel) {
  const std::string_view device = channel.device;
  return device.find(':') == std::string_view::npos || device.starts_with("gpu:accel") || channel.source == "nvml_late";
}

constexpr std::string_view kBoth = "cpu+memory";  // is the device of a package that holds its memory

// Tells whether a sensor of `device` measures `component`. A sensor of any package answers for "cpu"; the model, whose
// device is "cpu", for every package; "cpu+memory:0" is a package that holds its memory.
bool answers_for(std::string_view device, std::string_view component) {
  if (device == component || device == family(component)) return true;
  const bool whole_kind = component.find(':') == std::string_view::npos;
  if (family(device) != kBoth) return whole_kind && family(device) == component;
  return component == "memory" || component == "cpu" ||
         component.substr(family(component).size()) == device.substr(kBoth.size());
}

class Builder {
 public:
  Builder(std::span<const Channel> channels, const CoverOptions& options) : channels_(channels), options_(options) {
    for (Index i = 0; i < channels.size(); ++i) cover_.parts.push_back({i, Role::state, std::nullopt});
  }

  Cover build() {
    drop_duplicates();
    for (const Domain domain : {Domain::package, Domain::dram, Domain::gpu}) drop_anonymous(domain);
    settle_apart();
    settle_covering();
    settle_components();
    settle_models();
    settle_insides();  // a part is inside a model of its whole too
    find_missing();
    for (const Part& part : cover_.parts) {
      if (part.role == Role::in_total) cover_.total.push_back(part.channel);
    }
    return std::move(cover_);
  }

 private:
  const Channel& at(Index i) const { return channels_[i]; }

  void settle(Index i, Role role, std::optional<Index> of = std::nullopt) {
    cover_.parts[i].role = role;
    cover_.parts[i].of = of;
    open_.erase(i);
  }

  std::vector<Index> open_in(Domain domain, bool models = false) const {
    std::vector<Index> matches;
    for (const Index i : open_) {
      if (at(i).domain == domain && is_model(at(i)) == models) matches.push_back(i);
    }
    return matches;
  }

  // Of several sources for one thing the best stays; several channels of one source (the dies of a package) stay. Two
  // meters of the whole machine see the same watts, whoever reads them.
  void drop_duplicates() {
    const auto rank = [&](Index i) { return std::tuple{at(i).kind == Kind::counter ? 0 : 1, i}; };
    std::map<std::pair<std::string, Domain>, Index> best;
    for (Index i = 0; i < channels_.size(); ++i) {
      if (!tells_energy(at(i)) || at(i).domain == Domain::other) continue;
      open_.insert(i);
      if (is_model(at(i))) continue;
      const auto [it, is_new] = best.try_emplace({at(i).device, at(i).domain}, i);
      if (!is_new && rank(i) < rank(it->second)) it->second = i;
    }
    for (const Index i : std::vector<Index>(open_.begin(), open_.end())) {
      if (is_model(at(i))) continue;
      const Index chosen = best.at({at(i).device, at(i).domain});
      const bool sibling = i == chosen || (at(i).source == at(chosen).source && at(i).kind == at(chosen).kind &&
                                           at(i).domain != Domain::wall);
      if (!sibling) settle(i, Role::duplicate, chosen);
    }
  }

  // What stands for all packages or GPUs gives way to sensors of each; where some package has none of its own, those of
  // the others give way to it.
  void drop_anonymous(Domain domain) {
    const std::vector<Index> open = open_in(domain);
    const auto is_of_all = [&](Index i) { return is_anonymous(at(i)); };
    const auto of_all = std::ranges::find_if(open, is_of_all);
    const auto named = std::ranges::find_if_not(open, is_of_all);
    if (named == open.end() || of_all == open.end()) return;
    const bool each_has_one =
        domain == Domain::gpu ? each_gpu_has_a_name(open) : each_package_has_a_sensor(open, domain);
    for (const Index i : open) {
      if (is_of_all(i) == each_has_one) settle(i, Role::duplicate, each_has_one ? *named : *of_all);
    }
  }

  bool each_gpu_has_a_name(const std::vector<Index>& sensors) const {
    std::set<std::string_view> of_all, named;
    for (const Index i : sensors) (is_anonymous(at(i)) ? of_all : named).insert(at(i).device);
    return named.size() >= of_all.size();
  }

  bool each_package_has_a_sensor(const std::vector<Index>& sensors, Domain domain) const {
    return std::ranges::all_of(options_.present, [&](const std::string& name) {
      if (!name.starts_with("cpu:")) return true;
      const std::string component = domain == Domain::dram ? "memory" + name.substr(3) : name;
      return std::ranges::any_of(sensors,
                                 [&](Index i) { return !is_anonymous(at(i)) && answers_for(at(i).device, component); });
    });
  }

  void settle_apart() {
    for (const Domain domain : {Domain::wall, Domain::board}) {
      for (const Index i : open_in(domain)) settle(i, Role::apart);
    }
  }

  // Psys is in the total on request and modules always are; their parts are inside them.
  void settle_covering() {
    for (const Index i : open_in(Domain::psys)) {
      settle(i, options_.include_psys ? Role::in_total : Role::apart);
      if (options_.include_psys) cover_all(i, {Domain::module, Domain::package, Domain::dram});
    }
    const bool each_has_one = each_package_has_a_module();
    for (const Index i : open_in(Domain::module)) {
      settle(i, each_has_one ? Role::in_total : Role::apart);
      if (each_has_one) modules_.push_back(i);
    }
    if (!modules_.empty()) cover_all(modules_.front(), {Domain::package, Domain::dram, Domain::gpu});
  }

  // Modules stand for all processors, memory and GPUs. Where one of a board's modules cannot be read, its parts and those
  // of the others are added up in their place.
  bool each_package_has_a_module() const {
    const std::vector<Index> modules = open_in(Domain::module);
    return std::ranges::all_of(open_in(Domain::package), [&](Index package) {
      if (family(at(package).device) != kBoth) return true;
      const std::string_view number = std::string_view(at(package).device).substr(kBoth.size());
      return std::ranges::any_of(modules, [&](Index m) {
        return std::string_view(at(m).device).substr(family(at(m).device).size()) == number;
      });
    });
  }

  void cover_all(Index whole, std::initializer_list<Domain> domains) {
    for (const Domain domain : domains) {
      covered_.insert(domain);
      for (const Index i : open_in(domain)) settle(i, Role::inside, whole);
    }
  }

  void settle_components() {
    for (const Domain domain : {Domain::package, Domain::dram, Domain::gpu}) {
      for (const Index i : open_in(domain)) settle(i, Role::in_total);
    }
  }

  // A part whose whole is not measured counts itself: less than the truth, and the whole is named as missing.
  void settle_insides() {
    const auto fold = [&](Domain inner, Domain outer) {
      for (const Index i : open_in(inner)) {
        std::optional<Index> holder = settled(outer, at(i).device);
        if (!holder) holder = measured_as_another(outer, at(i).device);
        const bool inside = holder || covered_.contains(outer);
        settle(i, inside ? Role::inside : Role::in_total, holder);
      }
    };
    for (const Domain inner : {Domain::core, Domain::uncore, Domain::igpu}) fold(inner, Domain::package);
    fold(Domain::gpu_memory, Domain::gpu);
  }

  // Finds the channel of that domain that measures the device and is part of the sum, or inside one that is.
  std::optional<Index> settled(Domain domain, std::string_view device) const {
    for (const Part& part : cover_.parts) {
      const bool counts = part.role == Role::in_total || part.role == Role::inside;
      const Channel& c = at(part.channel);
      if (counts && c.domain == domain && (device.empty() || answers_for(c.device, device))) return part.channel;
    }
    return std::nullopt;
  }

  // Finds the channel that measures this device under another name.
  std::optional<Index> measured_as_another(Domain domain, std::string_view device) const {
    for (const Part& part : cover_.parts) {
      const Channel& c = at(part.channel);
      if (part.role == Role::duplicate && c.domain == domain && c.device == device) return part.of;
    }
    return std::nullopt;
  }

  void settle_models() {
    for (const Domain domain :
         {Domain::package, Domain::dram, Domain::gpu, Domain::psys, Domain::module, Domain::wall}) {
      const std::optional<Index> sensor = settled(domain, "");
      for (const Index i : open_in(domain, true)) {
        const bool known = sensor || is_covered(domain, family(at(i).device));
        settle(i, known ? Role::model_unused : Role::in_total, sensor);
      }
    }
  }

  bool is_covered(Domain domain, std::string_view component) const {
    if (covered_.contains(domain)) return true;
    return std::ranges::any_of(cover_.parts, [&](const Part& part) {
      const Channel& c = at(part.channel);
      const bool counts = part.role == Role::in_total || part.role == Role::inside;
      const bool holds_memory =
          domain == Domain::dram && c.domain == Domain::package && family(c.device) == "cpu+memory";
      return counts && (c.domain == domain || holds_memory) && answers_for(c.device, component);
    });
  }

  void find_missing() {
    std::set<std::string> wanted{"cpu", "memory"};
    for (const std::string& name : options_.present) wanted.insert(name);
    for (const Channel& c : channels_) {
      if (family(c.device) == "gpu" && c.domain != Domain::igpu) wanted.insert(c.device);
    }
    // One that another name measures is not missing under this one.
    for (const Part& part : cover_.parts) {
      const std::string& device = at(part.channel).device;
      if (part.role == Role::duplicate && part.of && at(*part.of).device != device) wanted.erase(device);
    }
    const bool packages_named = std::ranges::any_of(wanted, [](const std::string& w) { return w.starts_with("cpu:"); });
    if (packages_named) wanted.erase("cpu");
    want_memory_of_each(wanted);
    find_missing_gpus(wanted);
    for (const std::string& name : wanted) {
      const std::string_view kind = family(name);
      const Domain domain = kind == "cpu" ? Domain::package : kind == "memory" ? Domain::dram : Domain::gpu;
      if (!is_covered(domain, name)) cover_.missing.push_back(name);
    }
  }

  // Where the memory of one package has a sensor of its own, that of the others is not in it.
  void want_memory_of_each(std::set<std::string>& wanted) const {
    const bool by_package = std::ranges::any_of(cover_.parts, [&](const Part& part) {
      const bool counts = part.role == Role::in_total || part.role == Role::inside;
      return counts && at(part.channel).domain == Domain::dram && at(part.channel).device.starts_with("memory:");
    });
    if (!by_package) return;
    std::vector<std::string> memories;
    for (const std::string& name : wanted) {
      if (name.starts_with("cpu:")) memories.push_back("memory:" + name.substr(4));
    }
    wanted.insert(memories.begin(), memories.end());
  }

  // GPUs that the machine shows have other names than their drivers give them: they are compared by number.
  void find_missing_gpus(std::set<std::string>& wanted) {
    const auto on_bus = [](const std::string& name) { return is_named_by_place(name); };
    std::set<std::string_view> named;
    for (const Channel& c : channels_) {
      if (family(c.device) == "gpu" && c.domain != Domain::igpu) named.insert(c.device);
    }
    std::vector<std::string> bus;
    std::ranges::copy_if(wanted, std::back_inserter(bus), on_bus);
    std::erase_if(wanted, on_bus);
    if (covered_.contains(Domain::gpu) || bus.size() <= named.size()) return;
    if (named.empty())
      cover_.missing = bus;
    else
      cover_.missing.push_back(fmt::format("gpu ({} of {} on the bus)", bus.size() - named.size(), bus.size()));
  }

  std::span<const Channel> channels_;
  CoverOptions options_;
  Cover cover_;
  std::set<Index> open_;  // are not settled yet
  std::vector<Index> modules_;
  std::set<Domain> covered_;  // are domains that a module or psys holds as a whole
};

constexpr double kSlackPart = 0.02;
constexpr double kSlackJoules = 0.5;

bool exceeds(double part, double whole) { return part > whole * (1 + kSlackPart) + kSlackJoules; }

void check_insides(std::span<const Channel> channels, const Cover& cover, std::span<const double> energies_j,
                   std::vector<std::string>& contradictions) {
  std::map<std::pair<std::string, Domain>, double> sums;  // add up the channels of one domain of one device: its dies
  for (const Part& part : cover.parts) {
    if (part.role != Role::in_total && part.role != Role::inside) continue;
    const Channel& c = channels[part.channel];
    sums[{c.device, c.domain}] += energies_j[part.channel];
  }
  const auto compare = [&](Domain inner, Domain outer) {
    for (const auto& [key, energy] : sums) {
      if (key.second != inner) continue;
      const auto holder = sums.find({key.first, outer});
      if (holder == sums.end() || !exceeds(energy, holder->second)) continue;
      contradictions.push_back(fmt::format("{}: its {} used {:.1f} J, more than the {} that holds it, {:.1f} J",
                                           key.first, to_string(inner), energy, to_string(outer), holder->second));
    }
  };
  for (const Domain inner : {Domain::core, Domain::uncore, Domain::igpu}) compare(inner, Domain::package);
  compare(Domain::gpu_memory, Domain::gpu);
}

// Compares processors, memory and GPUs together with the modules that hold them all.
void check_modules(std::span<const Channel> channels, const Cover& cover, std::span<const double> energies_j,
                   std::vector<std::string>& contradictions) {
  double modules = 0, parts = 0;
  for (const Part& part : cover.parts) {
    const Domain domain = channels[part.channel].domain;
    const double energy = energies_j[part.channel];
    if (domain == Domain::module && part.role == Role::in_total) modules += energy;
    const bool component = domain == Domain::package || domain == Domain::dram || domain == Domain::gpu;
    if (component && part.role == Role::inside && std::isfinite(energy)) parts += energy;
  }
  if (modules > 0 && exceeds(parts, modules)) {
    contradictions.push_back(
        fmt::format("processors, memory and GPUs used {:.1f} J, more than the modules that hold them, "
                    "{:.1f} J",
                    parts, modules));
  }
}

// What the sensors themselves state as their error is allowed for: a power that is sampled a quarter of the time.
void check_duplicates(std::span<const Channel> channels, const Cover& cover, std::span<const double> energies_j,
                      std::vector<std::string>& contradictions) {
  for (const Part& part : cover.parts) {
    if (part.role != Role::duplicate || !part.of) continue;
    if (channels[*part.of].device != channels[part.channel].device) continue;
    const double a = energies_j[*part.of], b = energies_j[part.channel];
    const double stated = channels[*part.of].relative_error + channels[part.channel].relative_error;
    if (!(std::abs(a - b) > std::max(0.15, stated) * std::max(a, b) + 5)) continue;
    contradictions.push_back(fmt::format("{} shows {:.1f} J where {} shows {:.1f} J", channels[*part.of].id, a,
                                         channels[part.channel].id, b));
  }
}

}  // namespace

bool is_model(const Channel& channel) noexcept { return channel.source.ends_with("_model"); }

bool tells_energy(const Channel& channel) noexcept {
  const bool counter = channel.kind == Kind::counter && channel.unit == Unit::joule;
  const bool power = channel.kind == Kind::gauge && channel.unit == Unit::watt && channel.quantity == "power";
  return counter || power;
}

Cover find_cover(std::span<const Channel> channels, const CoverOptions& options) {
  return Builder{channels, options}.build();
}

std::vector<std::string> find_contradictions(std::span<const Channel> channels, const Cover& cover,
                                             std::span<const double> energies_j) {
  std::vector<std::string> contradictions;
  if (energies_j.size() != channels.size()) return contradictions;
  check_insides(channels, cover, energies_j, contradictions);
  check_modules(channels, cover, energies_j, contradictions);
  check_duplicates(channels, cover, energies_j, contradictions);
  double packages = 0, total = 0;
  for (const Part& part : cover.parts) {
    const bool counts = part.role == Role::in_total || part.role == Role::inside;
    if (counts && channels[part.channel].domain == Domain::package) packages += energies_j[part.channel];
    if (part.role == Role::in_total) total += energies_j[part.channel];
  }
  for (Index i = 0; i < channels.size(); ++i) {
    const double e = energies_j[i];
    if (cover.parts[i].role == Role::duplicate) continue;
    if (channels[i].domain == Domain::psys && exceeds(packages, e)) {
      contradictions.push_back(
          fmt::format("psys shows {:.1f} J, less than its packages' {:.1f} J: this board's psys is not to be "
                      "trusted",
                      e, packages));
    }
    if (channels[i].domain == Domain::wall && exceeds(total, e)) {
      contradictions.push_back(fmt::format("{} shows {:.1f} J, less than the {:.1f} J of the components it feeds",
                                           channels[i].id, e, total));
    }
  }
  return contradictions;
}

}  // namespace impact
