#include "impact/tracker/sharing_note.hpp"

namespace impact {

using nlohmann::json;

namespace {

std::string text(const json& note, const char* key) {
  const auto value = note.is_object() ? note.find(key) : note.end();
  return value != note.end() && value->is_string() ? value->get<std::string>() : std::string{};
}

}  // namespace

json sharing_note(std::string_view source, const Sharing& sharing) {
  switch (sharing.state) {
    case Sharing::State::mine: return {{"kind", "reads_for_all"}, {"source", source}};
    case Sharing::State::elsewhere: return {{"kind", "read_elsewhere"}, {"source", source}, {"pid", sharing.holder}};
    case Sharing::State::everybody: return {{"kind", "read_by_everybody"}, {"source", source}};
    default: return nullptr;
  }
}

std::optional<std::string> source_read_elsewhere(const json& note) {
  std::string source = text(note, "source");
  if (text(note, "kind") != "read_elsewhere" || source.empty()) return std::nullopt;
  return source;
}

std::optional<std::string> sharing_remark(const json& note) {
  if (const std::optional<std::string> source = source_read_elsewhere(note)) {
    const auto pid = note.find("pid");
    const bool known = pid != note.end() && pid->is_number_integer() && *pid > 0;
    return *source + ": read by another rank" + (known ? " (process " + pid->dump() + ")" : std::string{}) +
           ", whose record holds it";
  }
  if (text(note, "kind") == "read_by_everybody" && !text(note, "source").empty()) {
    return text(note, "source") + ": read by every rank: no lock file could be made below /run/lock or /tmp";
  }
  return std::nullopt;
}

}  // namespace impact
