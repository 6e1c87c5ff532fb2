#include "impact/sources/pci_gpus.hpp"

#include "impact/host/file.hpp"

namespace impact {
namespace {

// Processing units of their own: NVIDIA's and AMD's display and compute controllers. Intel's and AMD's graphics inside
// a package are the package's; they sit on bus 0 or share the vendor of an APU, and have no memory of their own.
bool is_discrete_gpu(const Host& host, const std::string& address, std::string_view wanted) {
  const auto directory = host.path("/sys/bus/pci/devices/" + address);
  const Result<std::string> kind = read_text(directory / "class", 64);
  const Result<std::string> vendor = read_text(directory / "vendor", 64);
  if (!kind || !vendor || kind.value().size() < 6) return false;
  if (!wanted.empty() && vendor.value() != wanted) return false;
  const std::string base = kind.value().substr(0, 6);  // 0x0300xx VGA, 0x0302xx 3D, 0x0380xx display, 0x1200xx compute
  if (vendor.value() == kPciNvidia) return base == "0x0300" || base == "0x0302";
  if (vendor.value() != kPciAmd) return false;
  const Result<std::string> vram = read_text(directory / "mem_info_vram_total", 64);
  const std::uint64_t bytes = vram ? parse_number<std::uint64_t>(vram.value()).value_or(0) : 0;
  return (base == "0x0300" || base == "0x0380" || base == "0x1200") && bytes > (std::uint64_t{2} << 30U);
}

}  // namespace

std::vector<std::string> pci_gpus(const Host& host, std::string_view vendor) {
  std::vector<std::string> found;
  for (const std::string& address : list_directory(host.path("/sys/bus/pci/devices"))) {
    if (is_discrete_gpu(host, address, vendor)) found.push_back(address);
  }
  return found;
}

}  // namespace impact
