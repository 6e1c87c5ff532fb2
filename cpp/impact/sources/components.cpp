#include <fmt/format.h>

#include <set>

#include "impact/host/file.hpp"
#include "impact/sources/cpu_info.hpp"
#include "impact/sources/domain_tree.hpp"

namespace impact {
namespace {

// Processing units of their own: NVIDIA's and AMD's display and compute controllers. Intel's and AMD's graphics inside
// a package are the package's; they sit on bus 0 or share the vendor of an APU, and have no memory of their own.
bool is_discrete_gpu(const Host& host, const std::string& address) {
  const auto directory = host.path("/sys/bus/pci/devices/" + address);
  const Result<std::string> kind = read_text(directory / "class", 64);
  const Result<std::string> vendor = read_text(directory / "vendor", 64);
  if (!kind || !vendor || kind.value().size() < 6) return false;
  const std::string base = kind.value().substr(0, 6);  // 0x0300xx VGA, 0x0302xx 3D, 0x0380xx display, 0x1200xx compute
  if (vendor.value() == "0x10de") return base == "0x0300" || base == "0x0302";
  if (vendor.value() != "0x1002") return false;
  const Result<std::string> vram = read_text(directory / "mem_info_vram_total", 64);
  const std::uint64_t bytes = vram ? parse_number<std::uint64_t>(vram.value()).value_or(0) : 0;
  return (base == "0x0300" || base == "0x0380" || base == "0x1200") && bytes > (std::uint64_t{2} << 30U);
}

}  // namespace

std::vector<std::string> machine_components(const Host& host) {
  std::vector<std::string> components;
  std::set<unsigned> packages;
  for (const CpuPlace& place : read_topology(host)) packages.insert(place.package);
  for (const unsigned package : packages) components.push_back(fmt::format("cpu:{}", package));
  if (packages.empty()) components.emplace_back("cpu");
  components.emplace_back("memory");
  for (const std::string& address : list_directory(host.path("/sys/bus/pci/devices"))) {
    if (is_discrete_gpu(host, address)) components.push_back("gpu:pci-" + address);
  }
  return components;
}

}  // namespace impact
