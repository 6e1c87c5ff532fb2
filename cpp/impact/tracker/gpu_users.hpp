#pragma once
// Says which processes use which GPU, for views of a whole machine: each one's part of the work and its memory.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/host/host.hpp"
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
  std::string unknown;  // says why its users are not known; empty where they are
  std::vector<GpuUser> users;
};

// Only one thread may use it at a time.
class GpuUsers {
 public:
  // Its errors are those of nvml::ClientReader::open().
  static Result<std::unique_ptr<GpuUsers>> open(const Host& host, const SourceSettings& settings = {});
  std::vector<GpuLook> look();

 private:
  GpuUsers(std::unique_ptr<nvml::ClientReader> reader, bool foreign_numbers)
      : reader_(std::move(reader)), foreign_numbers_(foreign_numbers) {}

  std::unique_ptr<nvml::ClientReader> reader_;
  bool foreign_numbers_;
};

// Joins the driver's two lists: who worked, and who holds memory.
std::vector<GpuUser> users_of(const std::vector<nvml::Client>& clients, const std::vector<nvml::Holder>& holders);

}  // namespace impact
