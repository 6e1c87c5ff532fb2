#include "impact/tracker/trouble_note.hpp"

namespace impact {

using nlohmann::json;

namespace {

constexpr const char* kKind = "trouble";

std::string field_of(const json& note, const char* key) {
  const auto value = note.is_object() ? note.find(key) : note.end();
  return value != note.end() && value->is_string() ? value->get<std::string>() : std::string{};
}

}  // namespace

json trouble_note(std::string_view source, std::string_view trouble) {
  return {{"kind", kKind}, {"source", source}, {"what", trouble}};
}

std::optional<std::string> trouble_remark(const json& note) {
  if (field_of(note, "kind") != kKind) return std::nullopt;
  std::string source = field_of(note, "source"), what = field_of(note, "what");
  if (source.empty() || what.empty()) return std::nullopt;
  return std::move(source) + ": " + what;
}

}  // namespace impact
