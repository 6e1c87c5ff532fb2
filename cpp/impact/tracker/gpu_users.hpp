#pragma once
// Says which processes use which GPU, for views of a whole machine: each one's part of the work and its memory.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/host/host.hpp"
#include "impact/sources/drm_clients.hpp"
#include "impact/sources/nvml_clients.hpp"

namespace impact {

struct GpuUser {
  int pid = 0;
  // Is its part of all the work since the look before, 0 to 1. It is nullopt where nobody worked, and where the driver
  // tells only that several processes share the GPU, or a slice.
  std::optional<double> share;
  std::optional<double> use;  // is a part of the GPU's multiprocessors, 0 to 1; nullopt where the driver does not tell
  std::optional<std::uint64_t> memory_bytes;
};

struct GpuLook {
  std::string device;   // is called "gpu:GPU-8f…", as in the energy's channels
  std::string unknown;  // says why its users, or their shares, are not known; empty where they are
  std::vector<GpuUser> users;
};

// Only one thread may use it at a time.
class GpuUsers {
 public:
  // It gives an error where neither NVIDIA's driver nor the kernel's account of AMD's and Intel's cards can be asked.
  static Result<std::unique_ptr<GpuUsers>> open(const Host& host, const SourceSettings& settings = {});
  std::vector<GpuLook> look();

 private:
  GpuUsers(std::unique_ptr<nvml::ClientReader> nvml, std::unique_ptr<drm::ClientReader> drm, bool foreign_numbers)
      : nvml_(std::move(nvml)), drm_(std::move(drm)), foreign_numbers_(foreign_numbers) {}
  GpuLook look_at(std::size_t nvidia_gpu);

  std::unique_ptr<nvml::ClientReader> nvml_;  // either may be null
  std::unique_ptr<drm::ClientReader> drm_;
  bool foreign_numbers_;
};

// Says what the kernel's account of one card comes to: each process's use and memory, and its share of the work where
// nobody's work is hidden from us.
GpuLook look_of(const drm::CardUse& card);

// Joins the driver's two lists: who worked, and who holds memory.
std::vector<GpuUser> users_of(const std::vector<nvml::Client>& clients, const std::vector<nvml::Holder>& holders);

}  // namespace impact
