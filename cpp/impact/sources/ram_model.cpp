// A model of the memory's energy, for machines without a DRAM sensor.
//
// Measures   Nothing: a constant power times the time since boot. Modules that the kernel counts (EDAC) are charged
//            4 W each; where it counts none, 0.3725 W per GB of /proc/meminfo (Karyakin and Salem, DaMoN 2017,
//            doi 10.1145/3076113.3076117, as the Green Algorithms calculator uses it), 128 W at most: 32 modules.
// Needs      /proc/meminfo. Used by the domain tree only where no sensor covers the memory.
// Channels   ram_model/dram in J, count = microjoules since boot.
// Resolution Exact in time; no file is read. A virtual machine is charged its own memory.
// Known faults
//   - Traffic is not seen: a module draws some 2 W at rest and 6 W and more when busy, so half the value is stated as
//     error for counted modules, 0.6 for gigabytes, whose watts fall as modules grow.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "impact/host/file.hpp"
#include "impact/host/meminfo.hpp"
#include "impact/sources/source.hpp"

namespace impact {
namespace {

constexpr double kWattsPerModule = 4;
constexpr double kWattsPerGB = 0.3725;
constexpr double kMostModules = 32;

std::size_t count_modules(const Host& host) {
  const auto root = host.path("/sys/devices/system/edac/mc");
  std::size_t modules = 0;
  for (const std::string& controller : list_directory(root)) {
    if (!controller.starts_with("mc")) continue;
    for (const std::string& slot : list_directory(root / controller)) {
      if (!slot.starts_with("dimm")) continue;
      const Result<std::string> size = read_text(root / controller / slot / "size", 64);
      if (size && parse_number<std::uint64_t>(size.value()).value_or(0) > 0) ++modules;
    }
  }
  return modules;
}

class RamModel final : public Source {
 public:
  RamModel(const Host& host, double watts, double relative_error) : clock_(host.clock), watts_(watts) {
    channel_.id = "ram_model/dram";
    channel_.source = "ram_model";
    channel_.device = "memory";
    channel_.domain = Domain::dram;
    channel_.scale = 1e-6;
    channel_.quality = Quality::modelled;
    channel_.relative_error = relative_error;
  }

  std::span<const Channel> channels() const noexcept override { return {&channel_, 1}; }

  void read(Sink& out) noexcept override {
    const Instant now = clock_->now();
    out.put({0, Quality::modelled, std::llround(1e6 * watts_ * seconds(now.time_since_epoch())), now, now});
  }

 private:
  const Clock* clock_;
  double watts_;
  Channel channel_;
};

}  // namespace

OpenedSource open_ram_model(const Host& host) {
  const auto path = host.path("/proc/meminfo");
  const Result<std::string> text = read_text(path);
  if (!text) return text.error();
  const std::optional<std::uint64_t> bytes = meminfo_bytes(text.value(), "MemTotal");
  if (!bytes || *bytes == 0) return Error{ErrorKind::broken, path.string() + ": it names no MemTotal", ""};
  if (const std::size_t modules = count_modules(host); modules > 0) {
    return OpenedSource{std::make_unique<RamModel>(host, kWattsPerModule * static_cast<double>(modules), 0.5)};
  }
  const double watts = std::min(static_cast<double>(*bytes) * 1e-9 * kWattsPerGB, kMostModules * kWattsPerModule);
  return OpenedSource{std::make_unique<RamModel>(host, watts, 0.6)};
}

}  // namespace impact
