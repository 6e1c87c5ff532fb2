#pragma once
// Lists graphics and compute cards as the bus shows them, whether a driver runs or not.

#include <string>
#include <string_view>
#include <vector>

#include "impact/host/host.hpp"

namespace impact {

inline constexpr std::string_view kPciNvidia = "0x10de", kPciAmd = "0x1002";

// Lists the places on the bus ("0000:65:00.0") of cards with memory of their own; of one vendor where it is given.
std::vector<std::string> pci_gpus(const Host& host, std::string_view vendor = {});

// NVIDIA's cards as components: "gpu:pci-0000:65:00.0" from the bus or from the driver; where a container or a virtual
// machine shows neither, "gpu:nvidia0" from the device files, or "gpu:dxg" for what Windows passes through to its Linux.
std::vector<std::string> nvidia_gpus(const Host& host);

// All cards, as components: AMD's from the bus, and NVIDIA's. Behind WSL's one door, "gpu:dxg", any maker's may stand.
std::vector<std::string> gpu_components(const Host& host);

// Whether the component has its name from its place in the machine, and not from the driver that reads it.
bool is_named_by_place(std::string_view component) noexcept;

}  // namespace impact
