#pragma once
// Who uses which part of an NVIDIA GPU: processes by their share of the multiprocessors, slices (MIG) by their owners.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "impact/sources/nvml_library.hpp"

namespace impact::nvml {

struct Client {
  std::vector<int> pids;  // as the machine numbers them, not a container
  double part = 0.0;      // of the GPU's multiprocessors since the last call, 0 to 1
  bool is_use = false;    // the driver told its kernels' use; else the part is what they own: a slice, the whole GPU
};

// A process that has a context on a GPU.
struct Holder {
  int pid = 0;
  std::optional<std::uint64_t> memory_bytes;  // nullopt where the driver does not say
};

class ClientReader {
 public:
  // Error: as Nvml::open(); unsupported where the driver does not tell processes.
  static Result<std::unique_ptr<ClientReader>> open(const Host& host, const SourceSettings& settings = {});

  const std::vector<Gpu>& gpus() const noexcept { return nvml_->gpus(); }
  // nullopt where the driver does not say. One thread at a time.
  std::optional<std::vector<Client>> clients(std::size_t gpu) noexcept;
  // Those that hold memory of the whole GPU or of its slices, each once. As above.
  std::optional<std::vector<Holder>> holders(std::size_t gpu) noexcept;

 private:
  struct ProcessInfo {
    unsigned pid;
    unsigned long long used_memory;
    unsigned gpu_instance, compute_instance;
  };
  struct ProcessSample {
    unsigned pid;
    unsigned long long time_stamp;
    unsigned sm, memory, encoder, decoder;
  };
  explicit ClientReader(std::shared_ptr<const Nvml> nvml) : nvml_(std::move(nvml)) {}
  std::optional<std::vector<Client>> by_process(std::size_t gpu);
  std::optional<std::vector<Client>> as_before(std::size_t gpu);
  std::optional<std::vector<Client>> by_slice(const Gpu& gpu, unsigned most);
  std::optional<std::vector<Client>> by_owner(const Gpu& gpu);
  std::optional<std::vector<int>> running(Device device);
  bool add_holders(Device device, std::vector<Holder>& holders);
  std::vector<Device> slices(const Gpu& gpu) const;

  std::shared_ptr<const Nvml> nvml_;
  int (*processes_)(Device, unsigned*, ProcessInfo*) = nullptr;
  int (*graphics_)(Device, unsigned*, ProcessInfo*) = nullptr;
  int (*utilization_)(Device, ProcessSample*, unsigned*, unsigned long long) = nullptr;
  struct Seen {
    unsigned long long time_stamp = 0;  // of the last sample
    std::vector<Client> clients;        // of the last look that had samples
    int looks_without = 0;              // since then
  };
  std::vector<Seen> seen_;  // by GPU
};

}  // namespace impact::nvml
