#pragma once
// Reads what a consumer and everybody use of the GPUs, as channels of a record: usage/own_<gpu>, usage/all_<gpu>
// (counters, s of the whole GPU's multiprocessors). The vendor's reader tells who uses a GPU, through GpuClients.

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "impact/attribution/usage_source.hpp"
#include "impact/sources/source.hpp"

namespace impact {

// Lists the processes that share a part of a GPU which cannot be told apart further: one process as a rule, or those of
// a slice.
struct GpuClient {
  std::vector<int> pids;
  double part = 0.0;  // is a part of the GPU's multiprocessors, over the time since the last look, 0 to 1
};

class GpuClients {
 public:
  virtual ~GpuClients() = default;
  virtual const std::vector<std::string>& devices()
      const noexcept = 0;  // are called "gpu:GPU-8f…", as in the energy's channels
  // How long a look takes at most: one over 1 ms has a thread of its own.
  virtual Duration latency() const noexcept { return std::chrono::microseconds{500}; }
  // Says who used it since the last call, and nullopt where that cannot be told.
  virtual std::optional<std::vector<GpuClient>> clients(std::size_t device) noexcept = 0;
};

class GpuUsage final : public Source {
 public:
  GpuUsage(const Host& host, std::unique_ptr<GpuClients> clients, std::shared_ptr<const ConsumerPids> own);
  std::span<const Channel> channels() const noexcept override { return channels_; }
  void read(Sink& out) noexcept override;

 private:
  struct Meter {
    double own_ns = 0.0, all_ns = 0.0;
    std::optional<Instant> last;
  };
  bool look(std::size_t device, Instant now, const std::vector<int>& own);

  const Clock* clock_;
  std::unique_ptr<GpuClients> clients_;
  std::shared_ptr<const ConsumerPids> own_;
  std::vector<Channel> channels_;
  std::mutex mutex_;
  std::vector<Meter> meters_;
};

}  // namespace impact
