#include "impact/record/header.hpp"

#include <cmath>
#include <stdexcept>

#include "impact/record/format.hpp"
#include "impact/record/json.hpp"

namespace impact {
namespace {

using nlohmann::json;

struct Unfit : std::runtime_error {
  using std::runtime_error::runtime_error;
};

const json& member(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) throw Unfit(std::string("\"") + key + "\" is missing");
  return *found;
}

template <class Integer>
Integer integer(const json& object, const char* key) {
  const auto number = to_integer<Integer>(member(object, key));
  if (!number)
    throw Unfit(std::string("\"") + key + "\" is not a whole number in range: " + to_line(member(object, key)));
  return *number;
}

std::string text(const json& object, const char* key) {
  const json& value = member(object, key);
  if (!value.is_string()) throw Unfit(std::string("\"") + key + "\" is not a string");
  return value.get<std::string>();
}

double number(const json& object, const char* key) {
  const json& value = member(object, key);
  if (!value.is_number()) throw Unfit(std::string("\"") + key + "\" is not a number");
  return value.get<double>();
}

const json& array(const json& object, const char* key) {
  const json& value = member(object, key);
  if (!value.is_array()) throw Unfit(std::string("\"") + key + "\" is not an array");
  return value;
}

std::int64_t time_ns(const json& object, const char* key) {
  const auto ns = integer<std::int64_t>(object, key);
  if (ns > kMaxTimeNs || ns < -kMaxTimeNs) throw Unfit(std::string("\"") + key + "\" is out of range");
  return ns;
}

template <class Enum>
Enum named(const json& object, const char* key, Enum last) {
  const std::string name = text(object, key);
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (to_string(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
  }
  throw Unfit(std::string("\"") + key + "\" is \"" + name + "\", which this version does not know");
}

json encode_channel(const Channel& c) {
  json j = {{"id", c.id},
            {"source", c.source},
            {"device", c.device},
            {"domain", to_string(c.domain)},
            {"quantity", c.quantity},
            {"kind", to_string(c.kind)},
            {"unit", to_string(c.unit)},
            {"scale", c.scale},
            {"range", c.range},
            {"update_period_ns", c.update_period.count()},
            {"tick_jitter_ns", c.tick_jitter.count()},
            {"window_ns", c.window.count()},
            {"latency_ns", c.latency.count()},
            {"max_power_w", c.max_power.value()},
            {"quality", to_string(c.quality)},
            {"relative_error", c.relative_error}};
  if (c.own_zero) j["own_zero"] = true;
  return j;
}

Channel decode_channel(const json& j) {
  Channel c;
  c.id = text(j, "id");
  c.source = text(j, "source");
  c.device = text(j, "device");
  c.domain = named(j, "domain", Domain::other);
  c.quantity = text(j, "quantity");
  c.kind = named(j, "kind", Kind::gauge);
  c.unit = named(j, "unit", Unit::second);
  c.scale = number(j, "scale");
  c.range = integer<std::uint64_t>(j, "range");
  c.update_period = Duration{time_ns(j, "update_period_ns")};
  c.tick_jitter = Duration{time_ns(j, "tick_jitter_ns")};
  c.window = Duration{time_ns(j, "window_ns")};
  c.latency = Duration{time_ns(j, "latency_ns")};
  c.max_power = Watts{number(j, "max_power_w")};
  c.quality = named(j, "quality", Quality::missing);
  c.relative_error = number(j, "relative_error");
  c.own_zero = j.value("own_zero", c.source == "rapl_perf");  // perf events have one, records before this key too
  return c;
}

Group decode_group(const json& j) {
  Group group{text(j, "source"), {}};
  for (const json& index : array(j, "channels")) {
    const auto channel = to_integer<std::uint32_t>(index);
    if (!channel) throw Unfit("\"channels\" holds something that is no channel's index");
    group.channels.push_back(*channel);
  }
  return group;
}

template <class Part, class Decode>
std::vector<Part> decode_list(const json& j, const char* key, const char* what, Decode decode) {
  std::vector<Part> parts;
  for (const json& part : array(j, key)) {
    try {
      if (!part.is_object()) throw Unfit("not an object");
      parts.push_back(decode(part));
    } catch (const Unfit& unfit) {
      throw Unfit(std::string(what) + " " + std::to_string(parts.size()) + ": " + unfit.what());
    }
  }
  return parts;
}

Header decode(std::string_view line) {
  if (!is_shallow(line)) throw Unfit("brackets nest too deep");
  const json j = json::parse(line, nullptr, false);
  if (j.is_discarded() || !j.is_object()) throw Unfit("not a JSON object");
  if (text(j, "format") != kRecordFormat) throw Unfit("\"format\" is not \"" + std::string(kRecordFormat) + "\"");
  Header header;
  header.version = integer<int>(j, "version");
  if (header.version < 1 || header.version > kRecordVersion) {
    throw Unfit("schema version " + std::to_string(header.version) + ", this program reads up to version " +
                std::to_string(kRecordVersion));
  }
  header.run_id = text(j, "run_id");
  header.start = instant(time_ns(j, "start_ns"));
  header.start_utc_ns = integer<std::int64_t>(j, "start_utc_ns");
  header.boot_id = text(j, "boot_id");
  header.pid = integer<std::int64_t>(j, "pid");
  header.channels = decode_list<Channel>(j, "channels", "channel", decode_channel);
  header.groups = decode_list<Group>(j, "groups", "group", decode_group);
  header.info = member(j, "info");
  if (const auto reason = fault(header)) throw Unfit(*reason);
  return header;
}

}  // namespace

std::optional<std::string> fault(const Header& header) {
  if (!nanoseconds_after(Instant{}, header.start)) return "the start is out of range";
  for (std::size_t i = 0; i < header.channels.size(); ++i) {
    const Channel& c = header.channels[i];
    if (!std::isfinite(c.scale) || !std::isfinite(c.max_power.value()) || !std::isfinite(c.relative_error)) {
      return "channel " + std::to_string(i) + " (" + c.id + "): scale, max_power or relative_error is not finite";
    }
  }
  std::vector<bool> taken(header.channels.size(), false);
  for (std::size_t g = 0; g < header.groups.size(); ++g) {
    for (const std::uint32_t channel : header.groups[g].channels) {
      const std::string where = "group " + std::to_string(g) + " names channel " + std::to_string(channel);
      if (channel >= header.channels.size()) return where + ", of " + std::to_string(header.channels.size());
      if (taken[channel]) return where + ", which is in a group already";
      taken[channel] = true;
    }
  }
  return std::nullopt;
}

std::string encode_header(const Header& header) {
  json channels = json::array();
  for (const Channel& channel : header.channels) channels.push_back(encode_channel(channel));
  json groups = json::array();
  for (const Group& group : header.groups) groups.push_back({{"source", group.source}, {"channels", group.channels}});
  using ordered = nlohmann::ordered_json;  // said outright below: 3.10 finds two ways to make one of another json
  const ordered line = {{"format", kRecordFormat},
                        {"version", header.version},
                        {"run_id", header.run_id},
                        {"start_ns", nanoseconds(header.start)},
                        {"start_utc_ns", header.start_utc_ns},
                        {"boot_id", header.boot_id},
                        {"pid", header.pid},
                        {"channels", ordered(channels)},
                        {"groups", ordered(groups)},
                        {"info", ordered(header.info)}};
  return line.dump(-1, ' ', false, ordered::error_handler_t::replace);
}

Result<Header> decode_header(std::string_view line) {
  try {
    return decode(line);
  } catch (const std::exception& error) {
    return Error{ErrorKind::broken, error.what(), ""};
  }
}

std::vector<std::uint32_t> groups_by_channel(const Header& header) {
  std::vector<std::uint32_t> groups(header.channels.size(), kNoGroup);
  for (std::size_t g = 0; g < header.groups.size(); ++g) {
    for (const std::uint32_t channel : header.groups[g].channels) groups[channel] = static_cast<std::uint32_t>(g);
  }
  return groups;
}

}  // namespace impact
