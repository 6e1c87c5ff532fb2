#pragma once
// The chips of /sys/class/hwmon, known by name and label, never by their number, which changes at boot.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/host/host.hpp"

namespace impact::hwmon {

struct Chip {
  std::filesystem::path directory;  // where its attributes lie
  std::string name;                 // "amdgpu", "power_meter"
  std::string parent;               // the device it belongs to: "0000:65:00.0", "1-0040"; empty where unknown
  std::filesystem::path device;     // that device's directory; empty where unknown
};

std::vector<Chip> find_chips(const Host& host);

// The text of an attribute ("power1_label"); empty where there is none.
std::string text_of(const Chip& chip, std::string_view attribute);

// Numbers n for which the chip has <prefix>n<suffix>: ("power", "_input") -> {1, 2}.
std::vector<unsigned> numbers_of(const Chip& chip, std::string_view prefix, std::string_view suffix);

// The label in lower case, blanks and whatever else is no letter, digit or dash as '-': a part of a channel's id.
std::string slug(std::string_view label);

// "gpu:pci-0000:65:00.0"; the chip's own name where its parent is no PCI device.
std::string gpu_device(const Chip& chip);

// An AMD GPU that is part of a processor, whose package sensor already contains it.
bool is_apu(const Chip& chip);

}  // namespace impact::hwmon
