#include "impact/sources/pci_gpus.hpp"

#include <algorithm>

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
  std::vector<std::string> addresses;
  for (const std::string& address : list_directory(host.path("/sys/bus/pci/devices"))) {
    if (is_discrete_gpu(host, address, vendor)) addresses.push_back(address);
  }
  return addresses;
}

namespace {

constexpr std::string_view kOnBus = "gpu:pci-", kDeviceFile = "gpu:nvidia", kDxg = "gpu:dxg";

bool exists(const Host& host, const char* path) {
  std::error_code failed;
  return std::filesystem::exists(host.path(path), failed);
}

// /dev/nvidia0, /dev/nvidia1 …, and not /dev/nvidiactl.
std::vector<std::string> nvidia_device_files(const Host& host) {
  std::vector<std::string> cards;
  for (const std::string& name : list_directory(host.path("/dev"))) {
    const bool is_card = name.starts_with("nvidia") && parse_number<unsigned>(std::string_view(name).substr(6));
    if (is_card) cards.push_back("gpu:" + name);
  }
  return cards;
}

}  // namespace

std::vector<std::string> nvidia_gpus(const Host& host) {
  std::vector<std::string> cards;
  for (const std::string& address : pci_gpus(host, kPciNvidia)) cards.push_back(std::string(kOnBus) + address);
  if (!cards.empty()) return cards;
  for (const std::string& address : list_directory(host.path("/proc/driver/nvidia/gpus")))
    cards.push_back(std::string(kOnBus) + address);
  if (cards.empty()) cards = nvidia_device_files(host);
  const bool in_wsl = exists(host, "/dev/dxg") && exists(host, "/usr/lib/wsl/lib/libnvidia-ml.so.1");
  if (cards.empty() && in_wsl) cards.emplace_back(kDxg);
  return cards;
}

std::vector<std::string> gpu_components(const Host& host) {
  std::vector<std::string> cards = nvidia_gpus(host);
  for (const std::string& address : pci_gpus(host, kPciAmd)) cards.push_back(std::string(kOnBus) + address);
  if (cards.empty() && exists(host, "/dev/dxg")) cards.emplace_back(kDxg);
  std::ranges::sort(cards);
  return cards;
}

bool is_named_by_place(std::string_view component) noexcept {
  return component.starts_with(kOnBus) || component.starts_with(kDeviceFile) || component == kDxg;
}

}  // namespace impact
