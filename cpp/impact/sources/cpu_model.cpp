// A model of the processors' energy, for machines whose sensors cannot be read.
//
// Measures   Nothing: E(t) = P_idle t + (P_max - P_idle) / CPUs x busy CPU seconds(t), from /proc/stat. P_max is the
//            packages' thermal design power (tdp_table), P_idle a fifth of it. A virtual machine is charged its CPUs'
//            share of the part's hardware threads; a processor that the table lacks the table's median per thread.
// Needs      /proc/stat. Used by the domain tree only where no sensor covers the packages.
// Channels   cpu_model/package in J, count = microjoules since boot: stateless, so that regions read it at their edges.
// Resolution /proc/stat moves by 10 ms of a CPU's time: update period 10 ms.
// Known faults
//   - Linear in load. Published load curves are bent: the one that cloud calculators use (12, 32, 75, 102 % of TDP at
//     0, 10, 50, 100 % load) lies up to 0.15 TDP from this line; the idle share is that of its least-squares fit.
//   - CPU seconds do not tell AVX from idle loops nor one thread of a core from two. Comparisons of such models with
//     meters find up to 40 % (arXiv 2509.22092): that is stated; more for a guest, whose share is a convention, and
//     for an unknown part. Boards that raise the power limit above TDP exceed even that.

#include <fmt/format.h>

#include <cmath>

#include "impact/sources/cpu_info.hpp"
#include "impact/sources/proc_stat.hpp"
#include "impact/sources/source.hpp"
#include "impact/sources/tdp_table.hpp"

namespace impact {
namespace {

constexpr double kIdleShare = 0.2;

struct Model {
  double max_w = 0;
  double relative_error = 0;
};

Model model_of(const CpuInfo& cpu, std::size_t threads, std::size_t packages) {
  constexpr double kKnown = 0.4, kGuest = 0.5, kUnknown = 0.8;
  const std::optional<TdpEntry> entry = find_tdp(cpu.name);
  const auto n = static_cast<double>(threads);
  if (!entry) return {default_watts_per_thread() * n, kUnknown};
  // A guest has some threads of a part; on ARM the name is that of a core, of which parts have any number.
  const bool by_thread = cpu.hypervisor || cpu.vendor == Vendor::arm;
  if (by_thread) return {entry->watts / entry->threads * n, kGuest};
  return {entry->watts * static_cast<double>(packages), kKnown};
}

class CpuModel final : public Source {
 public:
  CpuModel(const Host& host, BusyTime busy, const Model& model, std::size_t threads)
      : clock_(host.clock),
        busy_(std::move(busy)),
        idle_uj_per_s_(1e6 * kIdleShare * model.max_w),
        busy_uj_per_jiffy_(1e6 * (1 - kIdleShare) * model.max_w * kJiffySeconds / static_cast<double>(threads)) {
    channel_.id = "cpu_model/package";
    channel_.source = "cpu_model";
    channel_.device = "cpu";
    channel_.domain = Domain::package;
    channel_.scale = 1e-6;
    channel_.update_period = std::chrono::milliseconds{10};
    channel_.quality = Quality::modelled;
    channel_.relative_error = model.relative_error;
  }

  std::span<const Channel> channels() const noexcept override { return {&channel_, 1}; }

  void read(Sink& out) noexcept override {
    const Instant before = clock_->now();
    const std::optional<std::uint64_t> jiffies = busy_.jiffies();
    const Instant after = clock_->now();
    if (!jiffies) return out.missing(0, before, after);
    const double since_boot = seconds(middle(before, after).time_since_epoch());
    const double energy = idle_uj_per_s_ * since_boot + busy_uj_per_jiffy_ * static_cast<double>(*jiffies);
    out.put({0, Quality::modelled, std::llround(energy), before, after});
  }

 private:
  const Clock* clock_;
  BusyTime busy_;
  double idle_uj_per_s_;
  double busy_uj_per_jiffy_;
  Channel channel_;
};

}  // namespace

OpenedSource open_cpu_model(const Host& host) {
  const std::vector<CpuPlace> cpus = read_topology(host);
  const Result<std::string> stat = read_text(host.path("/proc/stat"));
  if (!stat) return stat.error();
  const std::size_t threads = cpus.empty() ? count_stat_cpus(stat.value()) : cpus.size();
  if (threads == 0) return Error{ErrorKind::broken, host.path("/proc/stat").string() + ": it names no CPU", ""};
  Result<BusyTime> busy = BusyTime::open(host, static_cast<unsigned>(threads));
  if (!busy) return busy.error();
  const Model model = model_of(read_cpu_info(host), threads, count_packages(cpus));
  return OpenedSource{std::make_unique<CpuModel>(host, std::move(busy).value(), model, threads)};
}

}  // namespace impact
