#include "impact/tracker/suspension_note.hpp"

#include "impact/record/format.hpp"
#include "impact/record/json.hpp"

namespace impact {

using nlohmann::json;

namespace {

// Reads a time on the monotonic clock, or a length of time, that a record can hold.
std::optional<std::int64_t> nanoseconds_in(const json& note, const char* key) {
  const auto value = note.find(key);
  const auto ns = value == note.end() ? std::nullopt : to_integer<std::int64_t>(*value);
  return ns && *ns >= 0 && *ns <= kMaxTimeNs ? ns : std::nullopt;
}

}  // namespace

json suspension_note(const Suspension& suspension) {
  return {{"kind", "suspended"},
          {"from_ns", nanoseconds(suspension.from)},
          {"to_ns", nanoseconds(suspension.to)},
          {"asleep_ns", suspension.asleep.count()}};
}

std::optional<Suspension> suspension_of(const json& note) {
  if (!note.is_object()) return std::nullopt;
  const auto kind = note.find("kind");
  if (kind == note.end() || *kind != "suspended") return std::nullopt;
  const auto from = nanoseconds_in(note, "from_ns"), to = nanoseconds_in(note, "to_ns"),
             asleep = nanoseconds_in(note, "asleep_ns");
  if (!from || !to || !asleep || *to < *from) return std::nullopt;
  return Suspension{instant(*from), instant(*to), Duration{*asleep}};
}

}  // namespace impact
