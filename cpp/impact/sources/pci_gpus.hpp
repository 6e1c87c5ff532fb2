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

}  // namespace impact
