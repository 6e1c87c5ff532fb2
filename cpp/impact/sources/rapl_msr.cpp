// RAPL through model-specific registers: /dev/cpu/N/msr
//
// Measures   Energy of CPU packages, their cores and graphics, DRAM, and the platform (psys). Intel since Sandy Bridge,
//            AMD family 17h and later (package only). AMD's and pre-Haswell Intel's are models, marked modelled.
// Needs      root with CAP_SYS_RAWIO and the module msr; a kernel in lockdown (Secure Boot) refuses. The last door to
//            be tried: perf events and powercap tell their own units.
// Channels   rapl/package-K, rapl/core-K, rapl/uncore-K, rapl/dram-K, rapl/psys in J, count = the register's 32 bits.
//            J per count is 2^-ESU, ESU in bits 12:8 of 0x606 (AMD 0xC0010299).
// Resolution As the other doors; wraps at 2^32 counts (262 kJ at 61 uJ, 66 kJ at 15.3 uJ).
// Known faults
//   - DRAM of Haswell-EP to Ice Lake servers and Knights Landing counts 2^-16 J whatever ESU says; Sapphire and Emerald
//     Rapids went back to ESU, and count psys in whole joules. A wrong table is a factor of four.
//   - Bay Trail and its kin (Silvermont, Airmont) invert the unit: refused, powercap knows them.
//   - AMD's core register is one core's: left out. Its upper bits count on since Zen 4: the lower 32 are used.
//   - A register that the part lacks reads as an I/O error, or as 0 under some hypervisors: left out.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "impact/host/file.hpp"
#include "impact/sources/rapl.hpp"
#include "impact/sources/source.hpp"

namespace impact {
namespace {

struct Register {
  rapl::Part part;
  std::uint32_t address;
};

constexpr std::uint32_t kIntelUnit = 0x606, kAmdUnit = 0xC0010299;
constexpr std::array kIntel{Register{rapl::Part::package, 0x611}, Register{rapl::Part::core, 0x639},
                            Register{rapl::Part::dram, 0x619}, Register{rapl::Part::uncore, 0x641},
                            Register{rapl::Part::psys, 0x64D}};
constexpr std::array kAmd{Register{rapl::Part::package, 0xC001029B}};

template <std::size_t N>
bool is_one_of(unsigned model, const std::array<unsigned, N>& models) {
  return std::ranges::find(models, model) != models.end();
}

// Haswell-EP, Broadwell-EP and -D, Skylake and Cascade Lake, Ice Lake and -D, Knights Landing and Mill.
constexpr std::array<unsigned, 8> kFixedDram{0x3F, 0x4F, 0x56, 0x55, 0x6A, 0x6C, 0x57, 0x85};
constexpr std::array<unsigned, 2> kPsysInJoules{0x8F, 0xCF};  // Sapphire, Emerald Rapids
constexpr std::array<unsigned, 6> kInvertedUnit{0x37, 0x4A, 0x4C, 0x4D, 0x5A, 0x5D};

double joules_per_count(const CpuInfo& cpu, rapl::Part part, unsigned esu) {
  const bool intel = cpu.vendor == Vendor::intel;
  if (intel && part == rapl::Part::dram && is_one_of(cpu.model, kFixedDram)) esu = 16;
  if (intel && part == rapl::Part::psys && is_one_of(cpu.model, kPsysInJoules)) esu = 0;
  return 1.0 / static_cast<double>(std::uint64_t{1} << esu);
}

std::optional<std::uint64_t> read_msr(const Descriptor& file, std::uint32_t address) noexcept {
  std::array<char, sizeof(std::uint64_t)> bytes;
  if (read_at(file, bytes, address) != static_cast<std::ptrdiff_t>(bytes.size())) return std::nullopt;
  return std::bit_cast<std::uint64_t>(bytes);
}

struct Meter {
  std::size_t file = 0;
  std::uint32_t address = 0;
};

class RaplMsr final : public Source {
 public:
  explicit RaplMsr(const Host& host) : clock_(host.clock) {}

  // False where the file has no unit register or the package's counter does not count.
  bool add(Descriptor file, const rapl::Place& place, const CpuInfo& cpu) {
    const bool amd = cpu.vendor == Vendor::amd;
    const auto unit = read_msr(file, amd ? kAmdUnit : kIntelUnit);
    if (!unit) return false;
    const auto esu = static_cast<unsigned>((*unit >> 8U) & 0x1FU);
    bool has_package = false;
    for (const Register& reg : amd ? std::span<const Register>{kAmd} : std::span<const Register>{kIntel}) {
      const auto value = read_msr(file, reg.address);
      const bool counts = value && (*value & kMask) != 0;
      if (!counts || (reg.part == rapl::Part::psys && has_psys_)) continue;
      has_package |= reg.part == rapl::Part::package;
      has_psys_ |= reg.part == rapl::Part::psys;
      Channel channel = rapl::channel(reg.part, reg.part == rapl::Part::psys ? rapl::Place{} : place, "rapl_msr", cpu);
      channel.scale = joules_per_count(cpu, reg.part, esu);
      channel.range = kMask + 1;
      channels_.push_back(std::move(channel));
      meters_.push_back({files_.size(), reg.address});
    }
    files_.push_back(std::move(file));
    return has_package;
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    Instant before = clock_->now();
    for (std::uint32_t i = 0; i < meters_.size(); ++i) {
      const std::optional<std::uint64_t> value = read_msr(files_[meters_[i].file], meters_[i].address);
      const Instant after = clock_->now();
      if (value)
        out.put({i, channels_[i].quality, static_cast<std::int64_t>(*value & kMask), before, after});
      else
        out.missing(i, before, after);
      before = after;
    }
  }

 private:
  static constexpr std::uint64_t kMask = 0xFFFF'FFFF;
  const Clock* clock_;
  std::vector<Descriptor> files_;
  std::vector<Meter> meters_;
  std::vector<Channel> channels_;
  bool has_psys_ = false;
};

// One CPU a package, and a die on Intel.
std::vector<std::pair<unsigned, rapl::Place>> lead_cpus(const Host& host, const CpuInfo& cpu) {
  std::vector<CpuPlace> topology = read_topology(host);
  if (topology.empty()) topology.push_back({0, 0, 0});
  const bool by_die = cpu.vendor == Vendor::intel && is_multi_die(topology);
  std::vector<std::pair<unsigned, rapl::Place>> leads;
  for (const CpuPlace& c : topology) {
    const rapl::Place place{c.package, by_die ? std::optional{c.die} : std::nullopt};
    if (std::ranges::none_of(leads, [&](const auto& lead) { return lead.second == place; }))
      leads.emplace_back(c.cpu, place);
  }
  return leads;
}

std::optional<Error> why_not(const CpuInfo& cpu) {
  const bool intel = cpu.vendor == Vendor::intel && cpu.family == 6;
  const bool amd = cpu.vendor == Vendor::amd && cpu.family >= 0x17;
  if (!intel && !amd) return Error{ErrorKind::absent, "this processor has no RAPL registers that are known", ""};
  if (intel && is_one_of(cpu.model, kInvertedUnit)) {
    return Error{ErrorKind::unsupported, "this processor's RAPL units are known to powercap only", ""};
  }
  return std::nullopt;
}

Error open_failed(const Error& error) {
  if (error.kind == ErrorKind::absent) return {error.kind, error.what, "sudo modprobe msr"};
  if (error.kind != ErrorKind::forbidden) return error;
  return {error.kind, error.what + " (root with CAP_SYS_RAWIO may read it; a kernel in lockdown lets nobody)",
          "open perf events instead: sudo sysctl kernel.perf_event_paranoid=0"};
}

}  // namespace

OpenedSource open_rapl_msr(const Host& host) {
  const CpuInfo cpu = read_cpu_info(host);
  if (auto error = why_not(cpu)) return *error;
  auto source = std::make_unique<RaplMsr>(host);
  for (const auto& [number, place] : lead_cpus(host, cpu)) {
    const auto path = host.path(fmt::format("/dev/cpu/{}/msr", number));
    Result<Descriptor> file = open_for_reading(path);
    if (!file) return open_failed(file.error());
    if (!source->add(std::move(file).value(), place, cpu)) {
      return Error{ErrorKind::broken,
                   path.string() + ": its energy registers cannot be read, or stand at 0 as under a hypervisor", ""};
    }
  }
  return OpenedSource{std::move(source)};
}

}  // namespace impact
