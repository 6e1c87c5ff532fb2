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
  Result<std::unique_ptr<nvml::ClientReader>> nvml = nvml::ClientReader::open(host, settings);
  Result<std::unique_ptr<drm::ClientReader>> drm = drm::ClientReader::open(host);
  if (!nvml && !drm) return nvml.error();
  return std::unique_ptr<GpuUsers>(new GpuUsers(nvml ? std::move(nvml).value() : nullptr,
                                                drm ? std::move(drm).value() : nullptr, in_process_namespace(host)));
}

GpuLook GpuUsers::look_at(std::size_t nvidia_gpu) {
  GpuLook look{"gpu:" + nvml_->gpus()[nvidia_gpu].uuid, "", {}};
  const auto clients = nvml_->clients(nvidia_gpu);
  const auto holders = nvml_->holders(nvidia_gpu);
  if (!clients || !holders) {
    look.unknown = "its driver does not tell which processes use it";
  } else if (foreign_numbers_ && !(clients->empty() && holders->empty())) {
    look.unknown = "this container numbers processes otherwise than its driver";
  } else {
    look.users = users_of(*clients, *holders);
  }
  return look;
}

GpuLook look_of(const drm::CardUse& card) {
  GpuLook look{card.device, "", {}};
  std::optional<double> all = 0.0;
  for (const drm::Client& client : card.clients) {
    all = known_sum(all, client.part);
    const bool is_alone = client.pids.size() == 1;
    const auto use = is_alone ? client.part : std::nullopt;
    for (const int pid : client.pids) {
      const auto known = std::ranges::find(look.users, pid, &GpuUser::pid);
      if (known == look.users.end()) {
        look.users.push_back({pid, use, use, client.memory_bytes});
        continue;
      }
      known->use = known_sum(known->use, use);
      known->memory_bytes = known_sum(known->memory_bytes, client.memory_bytes);
    }
  }
  const bool is_known = card.all_seen && all;
  if (!card.all_seen) look.unknown = "programs of other users are closed to this one, and may use it too";
  if (card.all_seen && !all) look.unknown = "the kernel did not account all of the work on it since the last look";
  for (GpuUser& user : look.users) {
    const bool has_share = is_known && *all > 0.0 && user.use;
    user.share = has_share ? std::optional(*user.use / *all) : std::nullopt;
    if (user.use) user.use = std::min(*user.use, 1.0);  // several engines of one card may be at work at once
  }
  return look;
}

std::vector<GpuLook> GpuUsers::look() {
  std::vector<GpuLook> looks;
  for (std::size_t i = 0; nvml_ && i < nvml_->gpus().size(); ++i) looks.push_back(look_at(i));
  if (!drm_) return looks;
  for (const drm::CardUse& card : drm_->look()) looks.push_back(look_of(card));
  return looks;
}

}  // namespace impact
