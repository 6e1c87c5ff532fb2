#include "impact/tracker/share_json.hpp"

#include "impact/tracker/json.hpp"

namespace impact {

using nlohmann::json;

json to_json(const Share& s, std::span<const Channel> channels) {
  json devices = json::array();
  for (const DeviceShare& d : s.devices) {
    devices.push_back({{"id", channels[d.channel].id},
                       {"device", channels[d.channel].device},
                       {"share_j", number(d.share_j)},
                       {"idle_j", number(d.idle_j)},
                       {"others_j", number(d.others_j)},
                       {"machine_idle_j", number(d.machine_idle_j)},
                       {"unattributed_j", number(d.unattributed_j)}});
  }
  return {{"scope", s.scope},
          {"idle_policy", s.policy},
          {"whose", s.whose},
          {"share_j", number(s.share.value())},
          {"half_width_j", number(s.half_width.value())},
          {"bias_j", number(s.bias.value())},
          {"idle_j", number(s.idle.value())},
          {"others_j", number(s.others.value())},
          {"machine_idle_j", number(s.machine_idle.value())},
          {"unattributed_j", number(s.unattributed.value())},
          {"cpu_s", number(s.cpu_s)},
          {"machine_cpu_s", number(s.all_cpu_s)},
          {"quality", to_string(s.quality)},
          {"devices", std::move(devices)},
          {"reasons", s.reasons}};
}

json share_to_json(const ShareSettings& s) {
  if (s.scope.empty()) return nullptr;
  json pairs = json::array();
  for (const SharePair& p : s.pairs) {
    pairs.push_back({{"energy", p.energy},
                     {"own", p.own},
                     {"all", p.all},
                     {"load", p.load},
                     {"capacity", p.capacity},
                     {"bias", p.bias}});
  }
  const auto index = [](const std::optional<std::uint32_t>& channel) {
    return channel ? json(*channel) : json(nullptr);
  };
  return {{"scope", s.scope},          {"whose", s.whose},        {"idle_policy", to_string(s.policy)},
          {"pairs", std::move(pairs)}, {"cores", index(s.cores)}, {"consumers", index(s.consumers)},
          {"reasons", s.reasons}};
}

Result<ShareSettings> share_from_json(const json& j, std::size_t channels) {
  ShareSettings s;
  if (j.is_null()) return s;
  const auto odd = [](const std::string& what) {
    return Error{ErrorKind::broken, "the record's header does not say how its energy is shared: " + what, ""};
  };
  const auto index = [&](const json& value) -> std::uint32_t {
    const auto channel = value.get<std::uint32_t>();
    if (channel >= channels) throw std::out_of_range("a channel that is not in it");
    return channel;
  };
  try {
    s.scope = j.at("scope").get<std::string>();
    s.whose = j.at("whose").get<std::string>();
    s.reasons = j.at("reasons").get<std::vector<std::string>>();
    const auto policy = idle_policy_from(j.at("idle_policy").get<std::string>());
    if (!policy || s.scope.empty()) return odd("its policy or scope is unknown");
    s.policy = *policy;
    for (const json& p : j.at("pairs")) {
      s.pairs.push_back({index(p.at("energy")), index(p.at("own")), index(p.at("all")), index(p.at("load")),
                         p.at("capacity").get<double>(), p.at("bias").get<double>()});
      if (!(s.pairs.back().capacity > 0.0)) return odd("a capacity that is none");
    }
    if (!j.at("cores").is_null()) s.cores = index(j.at("cores"));
    if (!j.at("consumers").is_null()) s.consumers = index(j.at("consumers"));
  } catch (const std::exception&) {
    return odd("its first line is damaged, or another version of impact-tracker wrote it, which can read it");
  }
  return s;
}

}  // namespace impact
