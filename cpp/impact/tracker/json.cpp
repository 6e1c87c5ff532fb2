#include "impact/tracker/json.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "impact/sampling/region_sum.hpp"
#include "impact/sources/domain_tree.hpp"
#include "impact/tracker/share_json.hpp"

namespace impact {

using nlohmann::json;

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json to_json(const Channel& c) {
  return {{"id", c.id},
          {"source", c.source},
          {"device", c.device},
          {"domain", to_string(c.domain)},
          {"quantity", c.quantity},
          {"kind", to_string(c.kind)},
          {"unit", to_string(c.unit)},
          {"resolution", c.scale},
          {"update_period_s", seconds(c.update_period)},
          {"latency_s", seconds(c.latency)},
          {"quality", to_string(c.quality)},
          {"relative_error", c.relative_error}};
}

namespace {

json channel_json(const ChannelResult& part, const Channel& c) {
  const bool energy = measures_energy(c);
  json j = {{"id", c.id},
            {"source", c.source},
            {"device", c.device},
            {"domain", to_string(c.domain)},
            {"quantity", c.quantity},
            {"unit", energy ? "J" : to_string(c.unit)},
            {"role", to_string(part.role)},
            {"in_total", part.role == Role::in_total},
            {"quality", to_string(part.quality)},
            {"coverage", number(part.coverage)},
            {"provisional", part.provisional}};
  j[energy ? "energy_j" : "value"] = number(part.value);
  if (energy) {
    j["half_width_j"] = number(part.half_width);
    j["bias_j"] = part.quality == Quality::missing ? json(nullptr) : number(part.bias);
  }
  return j;
}

json json_of(const std::map<std::string, double>& values) {
  json object = json::object();
  for (const auto& [name, value] : values) object[name] = number(value);
  return object;
}

}  // namespace

json to_json(const RegionResult& r, std::span<const Channel> channels) {
  json parts = json::array();
  for (const ChannelResult& part : r.channels) parts.push_back(channel_json(part, channels[part.channel]));
  return {{"region", r.region},
          {"parent", r.parent},
          {"name", r.name},
          {"start_ns", nanoseconds(r.start)},
          {"stop_ns", nanoseconds(r.stop)},
          {"duration_s", seconds(r.stop - r.start)},
          {"edges", to_string(r.edges)},
          {"energy_j", number(r.energy.best().value())},
          {"energy_low_j", number(r.energy.low().value())},
          {"energy_high_j", number(r.energy.high().value())},
          {"bias_j", number(r.energy.bias().value())},
          {"modelled_j", number(r.energy.modelled().value())},
          {"psys_j", number(r.psys.value())},
          {"wall_j", number(r.wall.value())},
          {"rest_j", number(r.rest.value())},
          {"quality", to_string(r.energy.quality())},
          {"partial", r.energy.partial()},
          {"provisional", r.provisional},
          {"coverage", number(r.coverage)},
          {"channels", std::move(parts)},
          {"utilisation", json_of(utilisation(r, channels))},
          {"share", r.share ? to_json(*r.share, channels) : json(nullptr)},
          {"notes", r.notes}};
}

json health_json(const Accumulator& accumulator, std::span<const Channel> channels) {
  ChannelHealth sum;
  json by_channel = json::object();
  for (std::uint32_t c = 0; c < channels.size(); ++c) {
    const ChannelHealth& h = accumulator.health(c);
    sum.readings += h.readings;
    sum.failures += h.failures;
    sum.wraps += h.wraps;
    sum.resets += h.resets;
    sum.ambiguous += h.ambiguous;
    sum.gap = std::max(sum.gap, h.gap);
    if (h.failures + h.resets + h.ambiguous + h.standstills == 0) continue;
    json& of_channel = by_channel[channels[c].id];
    of_channel = {{"read_failures", h.failures},
                  {"resets", h.resets},
                  {"ambiguous_wraps", h.ambiguous},
                  {"gap_s", seconds(h.gap)}};
    if (h.standstills > 0) of_channel["standstills"] = h.standstills;
  }
  return {{"readings", sum.readings}, {"read_failures", sum.failures},    {"wraps", sum.wraps},
          {"resets", sum.resets},     {"ambiguous_wraps", sum.ambiguous}, {"gaps_s", seconds(sum.gap)},
          {"channels", by_channel}};
}

std::vector<std::string> remarks_on_probes(const json& info) {
  std::vector<std::string> remarks;
  const auto probes = info.is_object() ? info.find("probes") : info.end();
  if (probes == info.end() || !probes->is_array()) return remarks;
  const auto text = [](const json& probe, const char* key) {
    const auto value = probe.is_object() ? probe.find(key) : probe.end();
    return value != probe.end() && value->is_string() ? value->get<std::string>() : std::string{};
  };
  for (const json& probe : *probes) {
    const std::string error = text(probe, "error");
    if (text(probe, "state") == "used" && !error.empty()) remarks.push_back(text(probe, "name") + ": " + error);
  }
  return remarks;
}

json findings_json(const RegionResult& run, std::span<const Channel> channels) {
  std::vector<double> energies(channels.size(), std::numeric_limits<double>::quiet_NaN());
  bool psys = false;
  for (const ChannelResult& part : run.channels) {
    // A value with an error above a tenth contradicts nothing, such as a power sampled once a second over a short run.
    const bool known =
        part.quality != Quality::missing && part.coverage > 0.99 && part.half_width <= 0.1 * std::abs(part.value) + 0.5;
    if (known) energies[part.channel] = part.value;
    psys = psys || (part.role == Role::in_total && channels[part.channel].domain == Domain::psys);
  }
  return find_contradictions(channels, find_cover(channels, {psys, {}}), energies);
}

}  // namespace impact
