#include "impact/attribution/gpu_usage.hpp"

#include <algorithm>
#include <cmath>

namespace impact {

GpuUsage::GpuUsage(const Host& host, std::unique_ptr<GpuClients> clients, std::shared_ptr<const ConsumerPids> own)
    : clock_(host.clock), clients_(std::move(clients)), own_(std::move(own)), meters_(clients_->devices().size()) {
  for (const std::string& device : clients_->devices()) {
    for (const char* who : {"own", "all"}) {
      Channel c;
      c.id = std::string("usage/") + who + "_" + device;
      c.source = "gpu_usage";
      c.device = device;
      c.quantity = std::string(who) + "_gpu_time";
      c.unit = Unit::second;
      c.scale = 1e-9;
      c.update_period = std::chrono::seconds{1};
      c.latency = clients_->latency();
      channels_.push_back(std::move(c));
    }
  }
}

// Returns false where it cannot be told whose the GPU's work was.
bool GpuUsage::look(std::size_t device, Instant now, const std::vector<int>& own) {
  const std::optional<std::vector<GpuClient>> clients = clients_->clients(device);
  if (!clients) return false;
  double ours = 0.0, all = 0.0;
  for (const GpuClient& client : *clients) {
    const auto mine =
        std::ranges::count_if(client.pids, [&](int pid) { return std::ranges::find(own, pid) != own.end(); });
    if (mine != 0 && mine != std::ssize(client.pids) && client.part > 0.0) return false;
    all += client.part;
    ours += mine != 0 ? client.part : 0.0;
  }
  Meter& meter = meters_[device];
  if (meter.last) {
    const auto dt = static_cast<double>((now - *meter.last).count());
    meter.own_ns += ours * dt;
    meter.all_ns += all * dt;
  }
  meter.last = now;
  return true;
}

void GpuUsage::read(Sink& out) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    const std::vector<int> own = own_->get();
    for (std::size_t i = 0; i < meters_.size(); ++i) {
      const Instant before = clock_->now();
      const bool known = look(i, before, own);
      const Instant after = clock_->now();
      for (const bool is_own : {true, false}) {
        const auto channel = static_cast<std::uint32_t>(2 * i + (is_own ? 0 : 1));
        const double ns = is_own ? meters_[i].own_ns : meters_[i].all_ns;
        if (known)
          out.put({channel, Quality::measured, std::llround(ns), before, after});
        else
          out.missing(channel, before, after);
      }
    }
    // NOLINTNEXTLINE(bugprone-empty-catch): without memory there is nothing else to do
  } catch (const std::exception&) {  // without memory there is no reading, and the next one bridges it
  }
}

}  // namespace impact
