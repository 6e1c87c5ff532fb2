#include "impact/sources/cpu_info.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "impact/host/file.hpp"
#include "impact/host/words.hpp"

namespace impact {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

// Holds the fields of the first CPU; on ARM they are the same for all.
std::map<std::string, std::string, std::less<>> first_block(std::string_view text) {
  std::map<std::string, std::string, std::less<>> fields;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.empty() && fields.contains("processor")) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    fields.emplace(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
  return fields;
}

// Lists implementer and part of the main ID register; the names are those of the makers' manuals.
std::string arm_name(std::string_view implementer, std::string_view part) {
  struct Core {
    std::string_view implementer, part, name;
  };
  constexpr std::array kCores{
      Core{"0x41", "0xd03", "Cortex-A53"},
      Core{"0x41", "0xd05", "Cortex-A55"},
      Core{"0x41", "0xd07", "Cortex-A57"},
      Core{"0x41", "0xd08", "Cortex-A72"},
      Core{"0x41", "0xd09", "Cortex-A73"},
      Core{"0x41", "0xd0a", "Cortex-A75"},
      Core{"0x41", "0xd0b", "Cortex-A76"},
      Core{"0x41", "0xd0d", "Cortex-A77"},
      Core{"0x41", "0xd0e", "Cortex-A76AE"},
      Core{"0x41", "0xd41", "Cortex-A78"},
      Core{"0x41", "0xd42", "Cortex-A78AE"},
      Core{"0x41", "0xd4b", "Cortex-A78C"},
      Core{"0x41", "0xd44", "Cortex-X1"},
      Core{"0x41", "0xd85", "Cortex-X925"},
      Core{"0x41", "0xd80", "Cortex-A520"},
      Core{"0x41", "0xd81", "Cortex-A720"},
      Core{"0x41", "0xd87", "Cortex-A725"},
      Core{"0x41", "0xd0c", "Neoverse-N1"},
      Core{"0x41", "0xd49", "Neoverse-N2"},
      Core{"0x41", "0xd8e", "Neoverse-N3"},
      Core{"0x41", "0xd40", "Neoverse-V1"},
      Core{"0x41", "0xd4f", "Neoverse-V2"},
      Core{"0x41", "0xd84", "Neoverse-V3"},
      Core{"0x41", "0xd83", "Neoverse-V3AE"},
      Core{"0x41", "0xd4a", "Neoverse-E1"},
      Core{"0x4e", "0x000", "Denver"},
      Core{"0x4e", "0x003", "Denver 2"},
      Core{"0x4e", "0x004", "Carmel"},
      Core{"0x6d", "0xd49", "Azure Cobalt 100"},
      Core{"0xc0", "0xac3", "AmpereOne"},
      Core{"0xc0", "0xac4", "AmpereOne"},
      Core{"0x46", "0x001", "A64FX"},
      Core{"0x43", "0x0a1", "ThunderX"},
      Core{"0x43", "0x0af", "ThunderX2"},
      Core{"0x42", "0x516", "ThunderX2"},
      Core{"0x48", "0xd01", "TaiShan v110"},
      Core{"0x51", "0x001", "Oryon"},
  };
  for (const Core& core : kCores) {
    if (core.implementer == implementer && core.part == part) return std::string(core.name);
  }
  return {};
}

unsigned number(std::string_view text) { return parse_number<unsigned>(text).value_or(0); }

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const bool starts = at == 0 || text[at - 1] == ' ';
    const std::size_t end = at + word.size();
    if (starts && (end == text.size() || text[end] == ' ')) return true;
  }
  return false;
}

// Lists the CPUs that share the place of this one by the kernel's own list, which spares opening two files a CPU.
std::vector<unsigned> fellows(const std::filesystem::path& topology, bool has_die) {
  const Result<std::string> list = read_text(topology / (has_die ? "die_cpus_list" : "core_siblings_list"));
  const auto cpus = list ? parse_cpu_list(list.value()) : std::nullopt;
  return cpus.value_or(std::vector<unsigned>{});
}

}  // namespace

bool CpuInfo::rapl_is_modelled() const noexcept {
  if (vendor == Vendor::amd) return true;
  constexpr std::array<unsigned, 4> kBeforeHaswell{0x2A, 0x2D, 0x3A, 0x3E};
  if (vendor != Vendor::intel || family != 6) return false;
  for (const unsigned m : kBeforeHaswell) {
    if (m == model) return true;
  }
  return false;
}

CpuInfo read_cpu_info(const Host& host) {
  // The first block is all that is needed: the whole file asks every CPU for its clock, milliseconds on a big machine.
  constexpr std::size_t kFirstBlock = 8192;
  const Result<std::string> text = read_text(host.path("/proc/cpuinfo"), kFirstBlock);
  CpuInfo info;
  if (!text) return info;
  const auto fields = first_block(text.value());
  const auto field = [&](std::string_view name) -> std::string_view {
    const auto it = fields.find(name);
    return it == fields.end() ? std::string_view{} : std::string_view{it->second};
  };
  const std::string_view vendor = field("vendor_id");
  if (vendor == "GenuineIntel") info.vendor = Vendor::intel;
  if (vendor == "AuthenticAMD" || vendor == "HygonGenuine") info.vendor = Vendor::amd;
  info.family = number(field("cpu family"));
  info.model = number(field("model"));
  info.name = field("model name");
  info.hypervisor = has_word(field("flags"), "hypervisor");
  if (!field("CPU implementer").empty()) {
    info.vendor = Vendor::arm;
    // Jetson's and Android's kernels say "ARMv8 Processor rev 1 (v8l)" of every core there is; others say nothing.
    const bool says_nothing = info.name.empty() || info.name.starts_with("ARMv");
    std::string core = says_nothing ? arm_name(field("CPU implementer"), field("CPU part")) : std::string{};
    if (!core.empty()) info.name = std::move(core);
  }
  return info;
}

std::vector<unsigned> online_cpus(const Host& host) {
  const Result<std::string> online = read_text(host.path("/sys/devices/system/cpu/online"));
  const auto cpus = online ? parse_cpu_list(online.value()) : std::nullopt;
  return cpus.value_or(std::vector<unsigned>{});
}

std::vector<CpuPlace> read_topology(const Host& host) {
  const std::vector<unsigned> cpus = online_cpus(host);
  std::map<unsigned, CpuPlace> known;
  for (const unsigned cpu : cpus) {
    if (known.contains(cpu)) continue;
    const auto topology = host.path(fmt::format("/sys/devices/system/cpu/cpu{}/topology", cpu));
    const Result<std::string> package = read_text(topology / "physical_package_id"),
                              die = read_text(topology / "die_id");
    CpuPlace place{cpu, package ? number(package.value()) : 0, die ? number(die.value()) : 0};
    known[cpu] = place;
    for (const unsigned fellow : fellows(topology, die.ok())) {
      place.cpu = fellow;
      known.try_emplace(fellow, place);
    }
  }
  std::vector<CpuPlace> places;
  places.reserve(cpus.size());
  for (const unsigned cpu : cpus) places.push_back(known.at(cpu));
  return places;
}

std::size_t count_packages(const std::vector<CpuPlace>& cpus) {
  std::set<unsigned> packages;
  for (const CpuPlace& place : cpus) packages.insert(place.package);
  return packages.empty() ? 1 : packages.size();
}

bool is_multi_die(const std::vector<CpuPlace>& cpus) {
  std::set<std::pair<unsigned, unsigned>> dies;
  for (const CpuPlace& place : cpus) dies.emplace(place.package, place.die);
  return dies.size() > count_packages(cpus);
}

}  // namespace impact
