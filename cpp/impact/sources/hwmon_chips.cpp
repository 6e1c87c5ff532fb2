#include "impact/sources/hwmon_chips.hpp"

#include <algorithm>
#include <cctype>

#include "impact/host/file.hpp"

namespace impact::hwmon {

std::vector<Chip> find_chips(const Host& host) {
  const auto root = host.path("/sys/class/hwmon");
  std::vector<Chip> chips;
  for (const std::string& entry : list_directory(root)) {
    // Older drivers hang their attributes on the device instead of on the hwmon node.
    for (const auto& directory : {root / entry, root / entry / "device"}) {
      const Result<std::string> name = read_text(directory / "name", 256);
      if (!name) continue;
      std::error_code failed;
      const auto device = std::filesystem::canonical(root / entry / "device", failed);
      chips.push_back({directory, name.value(), failed ? "" : device.filename().string(), device});
      break;
    }
  }
  return chips;
}

std::string text_of(const Chip& chip, std::string_view attribute) {
  const Result<std::string> text = read_text(chip.directory / attribute, 256);
  return text ? text.value() : std::string{};
}

std::vector<unsigned> numbers_of(const Chip& chip, std::string_view prefix, std::string_view suffix) {
  std::vector<unsigned> numbers;
  for (const std::string& name : list_directory(chip.directory)) {
    std::string_view text = name;
    if (!text.starts_with(prefix) || !text.ends_with(suffix) || text.size() <= prefix.size() + suffix.size()) continue;
    text.remove_prefix(prefix.size());
    text.remove_suffix(suffix.size());
    if (const auto number = parse_number<unsigned>(text)) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

std::string slug(std::string_view label) {
  std::string text;
  for (const char c : label) {
    const auto u = static_cast<unsigned char>(c);
    const bool plain = u < 0x80 && (std::isalnum(u) != 0 || c == '-');
    if (plain)
      text += static_cast<char>(std::tolower(u));
    else if (!text.empty() && text.back() != '-')
      text += '-';
  }
  while (!text.empty() && text.back() == '-') text.pop_back();
  return text;
}

std::string gpu_device(const Chip& chip) {
  return chip.parent.find(':') != std::string::npos ? "gpu:pci-" + chip.parent : "gpu:" + chip.name;
}

bool is_apu(const Chip& chip) {
  constexpr std::uint64_t kTwoGib = std::uint64_t{2} << 30U;  // firmware carves no more than this out of system memory
  const Result<std::string> vram = read_text(chip.device / "mem_info_vram_total", 64);
  const auto bytes = vram ? parse_number<std::uint64_t>(vram.value()) : std::nullopt;
  return bytes && *bytes <= kTwoGib;
}

}  // namespace impact::hwmon
