#include "impact/sources/service_frame.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "impact/sources/domain_tree.hpp"

namespace impact {
namespace {

using nlohmann::json;

constexpr std::uint64_t kVersion = 2;
constexpr double kLongestIntervalS = 86'400;
// Stands where a reader names no largest power, so that a count of another epoch is never taken for energy.
constexpr double kMostPowerW = 1e5;

// Says why a frame is refused. It goes no further than parse_service_frame().
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

const json& member(const json& object, const char* key) {
  if (!object.is_object()) throw Refused(fmt::format("no object has the field {}", key));
  const auto it = object.find(key);
  if (it == object.end()) throw Refused(fmt::format("the field {} is missing", key));
  return *it;
}

std::string text(const json& object, const char* key, std::size_t most = 256) {
  const json& value = member(object, key);
  if (!value.is_string()) throw Refused(fmt::format("{} is no text", key));
  auto result = value.get<std::string>();
  const auto unprintable = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (result.empty() || result.size() > most || std::ranges::any_of(result, unprintable))
    throw Refused(fmt::format("{} is no short text", key));
  return result;
}

double number(const json& object, const char* key, double least, double most) {
  const json& value = member(object, key);
  const double result = value.is_number() ? value.get<double>() : std::nan("");
  if (!(result >= least && result <= most)) throw Refused(fmt::format("{} is no number that can be", key));
  return result;
}

std::uint64_t whole_number(const json& object, const char* key) {
  const json& value = member(object, key);
  if (!value.is_number_unsigned()) throw Refused(fmt::format("{} is no whole number", key));
  return value.get<std::uint64_t>();
}

Instant time(const json& object, const char* key) {
  const std::uint64_t ns = whole_number(object, key);
  if (ns == 0 || ns > INT64_MAX / 2) throw Refused(fmt::format("{} is no time", key));
  return instant(static_cast<std::int64_t>(ns));
}

Duration duration(double s) { return Duration{std::llround(s * 1e9)}; }

template <class Enum>
Enum named(const json& object, const char* key, Enum last) {
  const std::string name = text(object, key);
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (to_string(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
  }
  throw Refused(fmt::format("{} \"{}\" is not known to this version", key, name));
}

std::int64_t counts(const json& object, const char* key, double resolution_j) {
  constexpr double kMostCounts = (std::int64_t{1} << kServiceCountBits) - 1;
  return std::llround(number(object, key, 0.0, kMostCounts * resolution_j) / resolution_j);
}

// FNV-1a over the run's name, and on from there by a step that comes back only after all numbers.
std::uint64_t epoch_of(std::string_view run, std::uint64_t segment) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : run) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return hash + segment * 0x9E3779B97F4A7C15;
}

struct FrameHead {
  ServiceFrame frame;
  std::string run;
  double resolution_j = 0;
};

FrameHead head_of(const json& root) {
  const json& version = member(root, "version");
  if (!version.is_number_unsigned() || version != kVersion) {
    if (!version.is_number_unsigned()) throw Refused("its version is no whole number");
    throw Refused(fmt::format("it is of version {}, and {} is read here: update {}", version.get<std::uint64_t>(),
                              kVersion, version < kVersion ? "the service, and start it again" : "this program"));
  }
  const json& clock = member(root, "clock");
  FrameHead head;
  head.run = text(clock, "run", 64);
  const double interval_s = number(clock, "interval_s", seconds(kShortestServiceInterval), kLongestIntervalS);
  head.frame.interval = duration(interval_s);
  head.frame.taken = time(clock, "taken_ns");
  if (!member(clock, "before_ns").is_null()) {
    head.frame.before = time(clock, "before_ns");
    if (*head.frame.before >= head.frame.taken) throw Refused("before_ns is not before taken_ns");
  }
  head.resolution_j = number(clock, "resolution_j", 1e-9, 1e3);
  return head;
}

// What both a sensor that is read and one that is lost tell.
Channel sensor_of(const json& entry, const FrameHead& head) {
  const json& sensor = member(entry, "sensor");
  Channel c;
  c.id = text(entry, "id");
  c.source = text(entry, "source", 64);
  c.device = text(entry, "device");
  c.domain = named(entry, "domain", Domain::other);
  c.kind = named(sensor, "kind", Kind::gauge);
  c.quality = named(sensor, "quality", Quality::estimated);
  c.relative_error = number(sensor, "relative_error", 0.0, 100.0);
  const double period_s = number(sensor, "update_period_s", 0.0, kLongestIntervalS);
  c.update_period = std::max(head.frame.interval, duration(period_s));
  const double max_power_w = number(sensor, "max_power_w", 0.0, 1e9);
  c.max_power = Watts{max_power_w > 0 ? max_power_w : kMostPowerW};
  if (c.kind == Kind::counter) {
    c.scale = head.resolution_j;
    return c;
  }
  // The mean power since the frame before, to a thousandth of a watt: the energies are no finer.
  c.quantity = "power";
  c.unit = Unit::watt;
  c.scale = 1e-3;
  c.window = head.frame.interval;
  return c;
}

ServiceChannel channel_of(const json& entry, const FrameHead& head) {
  ServiceChannel result;
  result.channel = sensor_of(entry, head);
  const Channel& c = result.channel;
  result.epoch = epoch_of(head.run, whole_number(entry, "segment"));

  const std::int64_t now = counts(entry, "energy_j", head.resolution_j);
  std::optional<std::int64_t> before;
  if (!member(entry, "before_j").is_null()) {
    before = counts(entry, "before_j", head.resolution_j);
    if (!head.frame.before || *before > now) throw Refused("before_j fits no frame before");
  }
  if (c.kind == Kind::counter) {
    result.count = now;
    result.before = before;
    return result;
  }
  if (before) {
    const double energy_j = static_cast<double>(now - *before) * head.resolution_j;
    const double power_w = energy_j / seconds(head.frame.taken - *head.frame.before);
    if (!(power_w <= 1e9)) throw Refused("no machine draws such a power");
    result.count = std::llround(power_w / c.scale);
  }
  return result;
}

// A sensor that is lost a while ago is told there alone; one that has just been missed, among the channels as well, with
// what it had before.
void add_lost(const json& root, FrameHead& head) {
  const auto lost = root.find("lost");
  if (lost == root.end()) return;
  if (!lost->is_array() || lost->size() > kMostServiceChannels) throw Refused("lost is no list that can be");
  std::set<std::string> ids;
  for (const json& entry : *lost) {
    ServiceChannel sensor;
    sensor.channel = sensor_of(entry, head);
    sensor.trouble = text(entry, "reason", 1024);
    if (!ids.insert(sensor.channel.id).second) throw Refused("two lost sensors have one id");
    if (is_model(sensor.channel)) continue;
    const auto told = std::ranges::find_if(head.frame.channels,
                                           [&](const ServiceChannel& c) { return c.channel.id == sensor.channel.id; });
    if (told == head.frame.channels.end()) {
      head.frame.channels.push_back(std::move(sensor));
    } else {
      told->count = told->before = std::nullopt;
      told->trouble = std::move(sensor.trouble);
    }
  }
}

ServiceFrame frame_of(const json& root) {
  FrameHead head = head_of(root);
  const json& entries = member(root, "channels");
  if (!entries.is_array() || entries.size() > kMostServiceChannels) throw Refused("channels is no list that can be");
  std::set<std::string> ids;
  for (const json& entry : entries) {
    ServiceChannel channel = channel_of(entry, head);
    if (!ids.insert(channel.channel.id).second) throw Refused("two channels have one id");
    if (!is_model(channel.channel)) head.frame.channels.push_back(std::move(channel));
  }
  add_lost(root, head);
  return std::move(head.frame);
}

}  // namespace

std::optional<std::size_t> parse_service_length(std::string_view four_bytes) noexcept {
  if (four_bytes.size() != 4) return std::nullopt;
  std::size_t length = 0;
  for (const char c : four_bytes) length = (length << 8U) | static_cast<unsigned char>(c);
  if (length > kLongestServiceFrame) return std::nullopt;
  return length;
}

Result<ServiceFrame> parse_service_frame(std::string_view text) {
  constexpr const char* kWhat = "the answer is no frame of impact-tracker's service: ";
  if (text.size() > kLongestServiceFrame) return Error{ErrorKind::broken, std::string(kWhat) + "it is too long", ""};
  // Nothing of a frame nests deeper; a parser that were let down further would need memory for each bracket.
  const auto shallow = [](int depth, json::parse_event_t, const json&) {
    if (depth > 8) throw Refused("it nests too deep");
    return true;
  };
  try {
    const json root = json::parse(text, shallow, false);
    if (root.is_discarded()) throw Refused("it is no JSON");
    return frame_of(root);
  } catch (const Refused& refused) {
    return Error{ErrorKind::broken, kWhat + std::string(refused.what()), ""};
  }
}

}  // namespace impact
