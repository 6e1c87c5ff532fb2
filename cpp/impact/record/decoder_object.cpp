// The lines that are objects: marks, notes, totals.

#include "impact/record/decoder.hpp"
#include "impact/record/format.hpp"
#include "impact/record/json.hpp"

namespace impact {
namespace {

using nlohmann::json;

// False where the member is there and is no such number; untouched where it is absent.
template <class Integer>
bool optional_integer(const json& object, const char* key, Integer& out) {
  const auto found = object.find(key);
  if (found == object.end()) return true;
  const auto number = to_integer<Integer>(*found);
  if (number) out = *number;
  return number.has_value();
}

bool optional_text(const json& object, const char* key, std::string& out) {
  const auto found = object.find(key);
  if (found == object.end()) return true;
  if (!found->is_string()) return false;
  out = found->get<std::string>();
  return true;
}

}  // namespace

Decoder::Found Decoder::object(std::string_view line, Event& out) {
  if (!is_shallow(line)) return damage("brackets nest too deep");
  json parsed = json::parse(line, nullptr, false);
  if (parsed.is_discarded()) return damage("not JSON");
  if (parsed.contains("m")) return mark(parsed, out);
  std::string kind;
  if (!parsed.contains("e") || !optional_text(parsed, "e", kind)) return damage("an object that is no event");
  parsed.erase("e");
  if (kind == "note") {
    out = Note{std::move(parsed)};
  } else if (kind == "totals") {
    out = Totals{std::move(parsed)};
  } else {
    return Found::ignored;
  }
  return Found::event;
}

Decoder::Found Decoder::mark(const json& line, Event& out) {
  Mark mark;
  std::string kind;
  if (!optional_text(line, "m", kind)) return damage("no mark: \"m\" is no string");
  if (kind != "enter" && kind != "exit") return Found::ignored;
  mark.kind = kind == "enter" ? Mark::Kind::enter : Mark::Kind::exit;
  std::string edges{to_string(Edges::plain)};
  if (!line.contains("r") || !optional_integer(line, "r", mark.region) || !optional_integer(line, "p", mark.parent)) {
    return damage("a mark whose region is no whole number");
  }
  if (!optional_text(line, "n", mark.name) || !optional_text(line, "edges", edges))
    return damage("a mark whose name is no string");
  if (edges != to_string(Edges::plain) && edges != to_string(Edges::tick))
    return damage("a mark with edges of an unknown kind");
  mark.edges = edges == to_string(Edges::tick) ? Edges::tick : Edges::plain;
  std::int64_t at = 0;
  if (!line.contains("at") || !optional_integer(line, "at", at) || at > kMaxTimeNs || at < -kMaxTimeNs) {
    return damage("a mark whose time is no whole number in range");
  }
  mark.at = start_ + Duration{at};
  const auto readings = line.find("v");
  if (readings == line.end() || !readings->is_array()) return damage("a mark without readings");
  for (const json& reading : *readings) {
    if (!edge(reading, mark.readings.emplace_back())) {
      return damage("reading " + std::to_string(mark.readings.size()) + " of a mark is none");
    }
  }
  out = std::move(mark);
  return Found::event;
}

bool Decoder::edge_count(const json& value, Kind kind, std::int64_t& out) const {
  if (kind == Kind::gauge) {
    const auto signed_count = to_integer<std::int64_t>(value);
    out = signed_count.value_or(0);
    return signed_count.has_value();
  }
  const auto counter = to_integer<std::uint64_t>(value);
  out = static_cast<std::int64_t>(counter.value_or(0));
  return counter.has_value();
}

bool Decoder::edge_span(const json& at, const json& width, Instant& lo, Instant& hi) const {
  const auto from = to_integer<std::int64_t>(at);
  const auto length = to_integer<std::int64_t>(width);
  if (!from || !length || *from > kMaxTimeNs || *from < -kMaxTimeNs) return false;
  std::int64_t to = 0;
  if (__builtin_add_overflow(*from, *length, &to) || to > kMaxTimeNs || to < -kMaxTimeNs) return false;
  lo = start_ + Duration{*from};
  hi = start_ + Duration{to};
  return true;
}

bool Decoder::edge(const json& line, EdgeReading& out) const {
  if (!line.is_array() || (line.size() != 5 && line.size() != 9 && line.size() != 10)) return false;
  const auto channel = to_integer<std::uint32_t>(line[0]);
  const auto quality = to_integer<std::uint32_t>(line[1]);
  if (!channel || *channel >= channels_.size() || !quality || *quality > static_cast<std::uint32_t>(Quality::missing))
    return false;
  const Kind kind = channels_[*channel].kind;
  out.first.channel = *channel;
  out.first.quality = static_cast<Quality>(*quality);
  if (line[2].is_null() != (out.first.quality == Quality::missing)) return false;
  if (!line[2].is_null() && !edge_count(line[2], kind, out.first.count)) return false;
  if (!edge_span(line[3], line[4], out.first.before, out.first.after)) return false;
  out.ticked = line.size() >= 9;
  if (line.size() == 10) {
    const auto read = to_integer<std::int64_t>(line[9]);
    if (!read || *read < 0 || *read > kMaxTimeNs) return false;
    out.tick_read = Duration{*read};
  }
  return !out.ticked || (edge_count(line[5], kind, out.old_count) && edge_count(line[6], kind, out.tick_count) &&
                         edge_span(line[7], line[8], out.tick_lo, out.tick_hi));
}

}  // namespace impact
