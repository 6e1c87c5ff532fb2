#include "impact/sources/rapl_registers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace impact::rapl {
namespace {

struct Register {
  Part part;
  std::uint32_t address;
};

constexpr std::uint32_t kIntelUnit = 0x606, kAmdUnit = 0xC0010299;
constexpr std::array kIntel{Register{Part::package, 0x611}, Register{Part::core, 0x639}, Register{Part::dram, 0x619},
                            Register{Part::uncore, 0x641}, Register{Part::psys, 0x64D}};
constexpr std::array kAmd{Register{Part::package, 0xC001029B}};

template <std::size_t N>
bool is_one_of(unsigned model, const std::array<unsigned, N>& models) {
  return std::ranges::find(models, model) != models.end();
}

// These are Haswell-EP, Broadwell-EP and -D, Skylake and Cascade Lake, Ice Lake and -D, Knights Landing and Mill.
constexpr std::array<unsigned, 8> kFixedDram{0x3F, 0x4F, 0x56, 0x55, 0x6A, 0x6C, 0x57, 0x85};
constexpr std::array<unsigned, 2> kPsysInJoules{0x8F, 0xCF};  // are Sapphire and Emerald Rapids
constexpr std::array<unsigned, 6> kInvertedUnit{0x37, 0x4A, 0x4C, 0x4D, 0x5A, 0x5D};

double joules_per_count(const CpuInfo& cpu, Part part, unsigned esu) {
  const bool intel = cpu.vendor == Vendor::intel;
  if (intel && part == Part::dram && is_one_of(cpu.model, kFixedDram)) esu = 16;
  if (intel && part == Part::psys && is_one_of(cpu.model, kPsysInJoules)) esu = 0;
  return 1.0 / static_cast<double>(std::uint64_t{1} << esu);
}

using Leads = std::vector<std::pair<unsigned, Place>>;

// Dies that repeat their package's one register become the package's single lead.
void merge_mirrored_dies(Leads& leads, std::uint32_t package_address, const RegisterReader& read) {
  const auto reader = [&](unsigned cpu) {
    return [&read, cpu, package_address]() -> std::optional<std::uint64_t> {
      const auto value = read(cpu, package_address);
      return value ? std::optional(*value & kCountMask) : std::nullopt;
    };
  };
  for (std::size_t i = 0; i < leads.size(); ++i) {
    if (!leads[i].second.die) continue;
    const auto repeats = [&](const auto& other) {
      return other.second.package == leads[i].second.package &&
             is_one_counter(reader(leads[i].first), reader(other.first));
    };
    const auto rest = leads.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    const auto gone = std::remove_if(rest, leads.end(), repeats);
    if (gone == leads.end()) continue;
    leads.erase(gone, leads.end());
    leads[i].second.die.reset();
  }
}

}  // namespace

std::vector<std::pair<unsigned, Place>> lead_cpus(const Host& host, const CpuInfo& cpu) {
  std::vector<CpuPlace> topology = read_topology(host);
  if (topology.empty()) topology.push_back({0, 0, 0});
  const bool by_die = cpu.vendor == Vendor::intel && is_multi_die(topology);
  std::vector<std::pair<unsigned, Place>> leads;
  for (const CpuPlace& c : topology) {
    const Place place{c.package, by_die ? std::optional{c.die} : std::nullopt};
    const bool known = std::ranges::any_of(leads, [&](const auto& lead) { return lead.second == place; });
    if (!known) leads.emplace_back(c.cpu, place);
  }
  return leads;
}

std::optional<Error> unknown_registers(const CpuInfo& cpu) {
  const bool intel = cpu.vendor == Vendor::intel && cpu.family == 6;
  const bool amd = cpu.vendor == Vendor::amd && cpu.family >= 0x17;
  if (!intel && !amd) return Error{ErrorKind::absent, "this processor has no RAPL registers that are known", ""};
  if (intel && is_one_of(cpu.model, kInvertedUnit)) {
    return Error{ErrorKind::unsupported, "this processor's RAPL units are known to powercap only", ""};
  }
  return std::nullopt;
}

Result<std::vector<PlannedRegister>> plan_registers(const Host& host, const CpuInfo& cpu, std::string_view source,
                                                    const RegisterReader& read) {
  const bool amd = cpu.vendor == Vendor::amd;
  const auto registers = amd ? std::span<const Register>{kAmd} : std::span<const Register>{kIntel};
  std::vector<PlannedRegister> plan;
  bool has_psys = false;
  Leads leads = lead_cpus(host, cpu);
  merge_mirrored_dies(leads, registers.front().address, read);
  for (const auto& [number, place] : leads) {
    const auto unit = read(number, amd ? kAmdUnit : kIntelUnit);
    bool has_package = false;
    for (const Register& reg : registers) {
      const auto value = unit ? read(number, reg.address) : std::nullopt;
      const bool counts = value && (*value & kCountMask) != 0;
      const bool is_psys = reg.part == Part::psys;
      if (!counts || (is_psys && has_psys)) continue;
      has_package |= reg.part == Part::package;
      has_psys |= is_psys;
      Channel c = channel(reg.part, is_psys ? Place{} : place, source, cpu);
      c.scale = joules_per_count(cpu, reg.part, static_cast<unsigned>((*unit >> 8U) & 0x1FU));
      c.range = kCountMask + 1;
      plan.push_back({number, reg.address, std::move(c)});
    }
    if (has_package) continue;
    return Error{
        ErrorKind::broken,
        fmt::format("CPU {}: its energy registers cannot be read, or stand at 0 as under a hypervisor", number), ""};
  }
  return plan;
}

}  // namespace impact::rapl
