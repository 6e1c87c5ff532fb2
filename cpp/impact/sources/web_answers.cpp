#include "impact/sources/web_answers.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "impact/host/file.hpp"
#include "impact/sources/iso_time.hpp"

namespace impact {
namespace {

using nlohmann::json;

json parse(std::string_view body) { return json::parse(body, nullptr, false); }

std::optional<double> positive(const json& value) {
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  if (!std::isfinite(number) || number <= 0 || number > 1e6) return std::nullopt;
  return number;
}

// Returns value[key], and null where there is no such thing.
const json& member(const json& value, std::string_view key) {
  static const json nothing;
  if (!value.is_object()) return nothing;
  const auto it = value.find(key);
  return it == value.end() ? nothing : *it;
}

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : std::string{}; }

// Bytes that are no UTF-8, on which json::dump throws, are replaced.
std::string printed(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::optional<KwollectRow> kwollect_row(const json& row, std::string_view device) {
  KwollectRow out;
  out.metric = text_of(member(row, "metric_id"));
  const std::string name = text_of(member(row, "device_id"));
  const auto time = parse_iso_time(text_of(member(row, "timestamp")));
  const json& value = member(row, "value");
  if (out.metric.empty() || name != device || !time || !value.is_number()) return std::nullopt;
  out.utc_ns = *time;
  out.value = value.get<double>();
  if (!std::isfinite(out.value) || out.value < 0 || out.value > 1e9) return std::nullopt;
  const json& labels = member(row, "labels");
  if (labels.is_object() && !labels.empty()) out.label = printed(labels);
  return out;
}

}  // namespace

std::optional<double> parse_redfish_watts(std::string_view body) {
  const json root = parse(body);
  if (const auto watts = positive(member(member(root, "PowerWatts"), "Reading"))) return watts;
  if (text_of(member(root, "ReadingUnits")) == "W") return positive(member(root, "Reading"));
  const json& control = member(root, "PowerControl");
  if (!control.is_array() || control.empty()) return std::nullopt;
  return positive(member(control.front(), "PowerConsumedWatts"));
}

std::vector<std::string> parse_redfish_members(std::string_view body) {
  std::vector<std::string> paths;
  const json root = parse(body);
  const json& members = member(root, "Members");
  if (!members.is_array()) return paths;
  for (const json& one : members) {
    std::string path = text_of(member(one, "@odata.id"));
    if (path.starts_with("/redfish/") && paths.size() < 64) paths.push_back(std::move(path));
  }
  return paths;
}

std::optional<std::vector<KwollectRow>> parse_kwollect(std::string_view body, std::string_view device) {
  const json root = parse(body);
  if (!root.is_array()) return std::nullopt;
  std::vector<KwollectRow> rows;
  for (const json& row : root) {
    if (auto parsed_row = kwollect_row(row, device)) rows.push_back(std::move(*parsed_row));
  }
  return rows;
}

std::optional<PrometheusValue> parse_prometheus(std::string_view body) {
  const json root = parse(body);
  if (text_of(member(root, "status")) != "success") return std::nullopt;
  const json& data = member(root, "data");
  const json* pair = &member(data, "result");
  if (text_of(member(data, "resultType")) == "vector") {
    if (!pair->is_array() || pair->size() != 1) return std::nullopt;
    pair = &member(pair->front(), "value");
  }
  if (!pair->is_array() || pair->size() != 2 || !(*pair)[0].is_number() || !(*pair)[1].is_string()) return std::nullopt;
  const double time = (*pair)[0].get<double>();
  const auto value = parse_number<double>((*pair)[1].get<std::string>());
  if (!value || !std::isfinite(*value) || !(time > 0) || !(time < 9e9)) return std::nullopt;
  return PrometheusValue{static_cast<std::int64_t>(time * 1e3) * 1'000'000, *value};
}

}  // namespace impact
