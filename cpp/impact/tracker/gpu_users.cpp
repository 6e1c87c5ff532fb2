#include "impact/tracker/gpu_users.hpp"

#include <algorithm>

#include "impact/core/known_sum.hpp"
#include "impact/host/process_usage.hpp"

namespace impact {

std::vector<GpuUser> users_of(const std::vector<nvml::Client>& clients, const std::vector<nvml::Holder>& holders) {
  double all = 0.0;
  bool all_told = true;
  for (const nvml::Client& client : clients) {
    all += client.part;
    all_told = all_told && client.is_use;
  }
  std::vector<GpuUser> users;
  for (const nvml::Client& client : clients) {
    const bool is_alone = client.pids.size() == 1;
    const auto share = is_alone && all > 0.0 ? std::optional(client.part / all) : std::nullopt;
    const auto use = is_alone && client.is_use ? std::optional(client.part) : std::nullopt;
    for (const int pid : client.pids) {
      const auto known = std::ranges::find(users, pid, &GpuUser::pid);
      if (known == users.end()) {
        users.push_back({pid, share, use, std::nullopt});
        continue;
      }
      // It owns several slices.
      known->share = known_sum(known->share, share);
      known->use = known_sum(known->use, use);
    }
  }
  for (const nvml::Holder& holder : holders) {
    auto user = std::ranges::find(users, holder.pid, &GpuUser::pid);
    if (user == users.end()) {
      // Where the driver tells use by process, one that it does not name ran no kernel.
      const auto share = all_told && all > 0.0 ? std::optional(0.0) : std::nullopt;
      users.push_back({holder.pid, share, all_told ? std::optional(0.0) : std::nullopt, std::nullopt});
      user = users.end() - 1;
    }
    user->memory_bytes = holder.memory_bytes;
  }
  return users;
}

Result<std::unique_ptr<GpuUsers>> GpuUsers::open(const Host& host, const SourceSettings& settings) {
  Result<std::unique_ptr<nvml::ClientReader>> reader = nvml::ClientReader::open(host, settings);
  if (!reader) return reader.error();
  return std::unique_ptr<GpuUsers>(new GpuUsers(std::move(reader).value(), in_process_namespace(host)));
}

std::vector<GpuLook> GpuUsers::look() {
  std::vector<GpuLook> looks;
  for (std::size_t i = 0; i < reader_->gpus().size(); ++i) {
    GpuLook look{"gpu:" + reader_->gpus()[i].uuid, "", {}};
    const auto clients = reader_->clients(i);
    const auto holders = reader_->holders(i);
    if (!clients || !holders) {
      look.unknown = "its driver does not tell which processes use it";
    } else if (foreign_numbers_ && !(clients->empty() && holders->empty())) {
      look.unknown = "this container numbers processes otherwise than its driver";
    } else {
      look.users = users_of(*clients, *holders);
    }
    looks.push_back(std::move(look));
  }
  return looks;
}

}  // namespace impact
