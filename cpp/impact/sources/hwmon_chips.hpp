#pragma once
// Lists the chips of /sys/class/hwmon. They are known by name and label, never by their number, which changes at boot.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/host/host.hpp"

namespace impact::hwmon {

struct Chip {
  std::filesystem::path directory;  // is where its attributes lie
  std::string name;                 // is "amdgpu" or "power_meter", say
  std::string parent;               // is the device it belongs to: "0000:65:00.0", "1-0040"; empty where unknown
  std::filesystem::path device;     // is that device's directory; empty where unknown
};

std::vector<Chip> find_chips(const Host& host);

// Reads the text of an attribute ("power1_label"); it is empty where there is none.
std::string text_of(const Chip& chip, std::string_view attribute);

// Lists the numbers n for which the chip has <prefix>n<suffix>: ("power", "_input") gives {1, 2}.
std::vector<unsigned> numbers_of(const Chip& chip, std::string_view prefix, std::string_view suffix);

// Writes the label as a part of a channel's id: in lower case, with '-' for whatever is no letter, digit or dash.
std::string slug(std::string_view label);

// Returns "gpu:pci-0000:65:00.0", say, and the chip's own name where its parent is no PCI device.
std::string gpu_device(const Chip& chip);

// Tells whether it is an AMD GPU that is part of a processor, whose package sensor already contains it.
bool is_apu(const Chip& chip);

}  // namespace impact::hwmon
