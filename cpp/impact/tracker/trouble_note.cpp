#include "impact/tracker/trouble_note.hpp"

namespace impact {

using nlohmann::json;

namespace {

constexpr const char* kKind = "trouble";
constexpr const char* kDiskFull = "disk_full";  // the record's writer makes it

std::string field_of(const json& note, const char* key) {
  const auto value = note.is_object() ? note.find(key) : note.end();
  return value != note.end() && value->is_string() ? value->get<std::string>() : std::string{};
}

std::string disk_full_remark(const json& note) {
  const auto lines = note.find("lines");
  const std::string count = lines != note.end() && lines->is_number_unsigned()
                                ? std::to_string(lines->get<std::uint64_t>()) + " lines of readings and regions"
                                : "readings and regions";
  return "the disk was full when the run ended: " + count +
         " before its end are not in the record; free space there, or name another folder, before the next run";
}

}  // namespace

json trouble_note(std::string_view source, std::string_view trouble) {
  return {{"kind", kKind}, {"source", source}, {"what", trouble}};
}

std::optional<std::string> trouble_remark(const json& note) {
  if (field_of(note, "kind") == kDiskFull) return disk_full_remark(note);
  if (field_of(note, "kind") != kKind) return std::nullopt;
  std::string source = field_of(note, "source"), what = field_of(note, "what");
  if (source.empty() || what.empty()) return std::nullopt;
  return std::move(source) + ": " + what;
}

}  // namespace impact
