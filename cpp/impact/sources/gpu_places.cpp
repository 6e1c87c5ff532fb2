#include "impact/sources/gpu_places.hpp"

#include <algorithm>
#include <array>

#include "impact/host/file.hpp"
#include "impact/host/words.hpp"

namespace impact::nvml {
namespace {

Slice slice_of(const Calls& calls, Device device) {
  Slice slice;
  std::array<char, 96> uuid{};
  if (calls.uuid(device, uuid.data(), static_cast<unsigned>(uuid.size())) == kSuccess) slice.uuid = uuid.data();
  if (calls.gpu_instance != nullptr) calls.gpu_instance(device, &slice.gpu_instance);
  if (calls.compute_instance != nullptr) calls.compute_instance(device, &slice.compute_instance);
  Attributes attributes{};
  if (calls.attributes != nullptr && calls.attributes(device, &attributes) == kSuccess) {
    slice.slices = std::max(attributes.gpu_slices, 1U);
    slice.compute_slices = std::max(attributes.compute_slices, 1U);
  }
  return slice;
}

void find_slices(const Calls& calls, Device device, GpuPlace& place) {
  unsigned current = 0, pending = 0, most = 0;
  place.mig = calls.mig_mode != nullptr && calls.mig_mode(device, &current, &pending) == kSuccess && current == 1;
  if (!place.mig || calls.mig_count == nullptr || calls.mig_by_index == nullptr) return;
  if (calls.mig_count(device, &most) != kSuccess) return;
  place.slices_in_all = most;
  for (unsigned i = 0; i < std::min(most, 64U); ++i) {
    Device slice = nullptr;
    if (calls.mig_by_index(device, i, &slice) == kSuccess) place.slices.push_back(slice_of(calls, slice));
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Finds the GPU or slice whose UUID begins with `prefix`; returns nullopt for none or several.
std::optional<VisibleGpu> by_uuid(std::span<const GpuPlace> gpus, std::string_view prefix) {
  std::vector<VisibleGpu> matches;
  for (const GpuPlace& gpu : gpus) {
    if (prefix.starts_with("GPU-") && gpu.uuid.starts_with(prefix)) matches.push_back({gpu.device, std::nullopt});
    for (const Slice& slice : gpu.slices) {
      const std::string old_name = "MIG-" + gpu.uuid + "/" + std::to_string(slice.gpu_instance) + "/" +
                                   std::to_string(slice.compute_instance);  // drivers before 470 write it so
      const bool meant = prefix.starts_with("MIG-") && (slice.uuid.starts_with(prefix) || old_name == prefix);
      if (meant) matches.push_back({gpu.device, slice.uuid});
    }
  }
  if (matches.size() != 1) return std::nullopt;
  return std::move(matches.front());
}

VisibleGpu whole_or_first_slice(const GpuPlace& gpu) {
  if (!gpu.mig || gpu.slices.empty()) return {gpu.device, std::nullopt};
  return {gpu.device, gpu.slices.front().uuid};
}

}  // namespace

std::vector<GpuPlace> gpu_places(const Nvml& library) {
  std::vector<GpuPlace> places;
  for (const Gpu& gpu : library.gpus()) {
    GpuPlace place;
    place.device = "gpu:" + gpu.uuid;
    place.uuid = gpu.uuid;
    place.pci = gpu.pci;
    place.name = gpu.name;
    find_slices(library.calls(), gpu.handle, place);
    places.push_back(std::move(place));
  }
  return places;
}

std::optional<std::vector<VisibleGpu>> visible_gpus(std::span<const GpuPlace> gpus,
                                                    std::optional<std::string_view> value,
                                                    std::optional<std::string_view> order) {
  std::vector<VisibleGpu> seen;
  if (!value) {
    seen.reserve(gpus.size());
    for (const GpuPlace& gpu : gpus) seen.push_back(whole_or_first_slice(gpu));
    return seen;
  }
  const bool by_bus = order && trimmed(*order) == "PCI_BUS_ID";
  const bool alike = std::ranges::all_of(gpus, [&](const GpuPlace& gpu) { return gpu.name == gpus.front().name; });
  std::string_view rest = *value;
  while (!rest.empty()) {
    const std::string_view entry = trimmed(next_until(rest, ','));
    std::optional<VisibleGpu> gpu;
    if (const auto index = parse_number<unsigned>(entry)) {
      if (!alike && !by_bus) return std::nullopt;
      if (*index < gpus.size()) gpu = whole_or_first_slice(gpus[*index]);
    } else {
      gpu = by_uuid(gpus, entry);
    }
    if (!gpu) break;
    const bool twice = std::ranges::any_of(
        seen, [&](const VisibleGpu& s) { return s.device == gpu->device && s.slice == gpu->slice; });
    if (twice) return std::vector<VisibleGpu>{};
    seen.push_back(std::move(*gpu));
  }
  return seen;
}

}  // namespace impact::nvml
