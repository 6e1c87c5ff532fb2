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

#include <array>
#include <bit>
#include <map>

#include "impact/host/file.hpp"
#include "impact/sources/rapl_registers.hpp"
#include "impact/sources/read_in_turn.hpp"
#include "impact/sources/source.hpp"

namespace impact {
namespace {

std::optional<std::uint64_t> read_msr(const Descriptor& file, std::uint32_t address) noexcept {
  std::array<char, sizeof(std::uint64_t)> bytes;
  if (read_at(file, bytes, address) != static_cast<std::ptrdiff_t>(bytes.size())) return std::nullopt;
  return std::bit_cast<std::uint64_t>(bytes);
}

class RaplMsr final : public Source {
 public:
  RaplMsr(const Host& host, std::map<unsigned, Descriptor> files, std::vector<rapl::PlannedRegister> plan)
      : clock_(host.clock), files_(std::move(files)) {
    for (rapl::PlannedRegister& planned : plan) {
      channels_.push_back(std::move(planned.channel));
      meters_.push_back({&files_.at(planned.cpu), planned.address});
    }
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    read_in_turn(*clock_, channels_, out, [this](std::uint32_t i) -> std::optional<std::int64_t> {
      const std::optional<std::uint64_t> value = read_msr(*meters_[i].file, meters_[i].address);
      if (!value) return std::nullopt;
      return static_cast<std::int64_t>(*value & rapl::kCountMask);
    });
  }

 private:
  struct Meter {
    const Descriptor* file;
    std::uint32_t address;
  };
  const Clock* clock_;
  std::map<unsigned, Descriptor> files_;  // has one entry a CPU
  std::vector<Meter> meters_;
  std::vector<Channel> channels_;
};

Error open_failed(const Error& error) {
  if (error.kind == ErrorKind::absent) return {error.kind, error.what, "sudo modprobe msr"};
  if (error.kind != ErrorKind::forbidden) return error;
  return {error.kind, error.what + " (root with CAP_SYS_RAWIO may read it; a kernel in lockdown lets nobody)",
          "open perf events instead: sudo sysctl kernel.perf_event_paranoid=0"};
}

}  // namespace

OpenedSource open_rapl_msr(const Host& host) {
  const CpuInfo cpu = read_cpu_info(host);
  if (auto error = rapl::unknown_registers(cpu)) return *error;
  std::map<unsigned, Descriptor> files;
  for (const auto& [number, place] : rapl::lead_cpus(host, cpu)) {
    Result<Descriptor> file = open_for_reading(host.path(fmt::format("/dev/cpu/{}/msr", number)));
    if (!file) return open_failed(file.error());
    files.emplace(number, std::move(file).value());
  }
  auto plan = rapl::plan_registers(host, cpu, "rapl_msr", [&](unsigned number, std::uint32_t address) {
    return read_msr(files.at(number), address);
  });
  if (!plan) return plan.error();
  return OpenedSource{std::make_unique<RaplMsr>(host, std::move(files), std::move(plan).value())};
}

}  // namespace impact
