#include "impact/tracker/book_json.hpp"

#include <array>

namespace impact {

using nlohmann::json;

json book_to_json(const BookSettings& settings) {
  json roles = json::array();
  for (const Role role : settings.roles.by_channel) roles.push_back(to_string(role));
  return {{"interval_ns", settings.interval.count()},
          {"at_edges", settings.at_edges},
          {"roles", roles},
          {"missing", settings.roles.missing}};
}

json book_in(const json& info) { return info.is_object() ? info.value("book", json::object()) : json::object(); }

Result<BookSettings> book_from_json(std::vector<Channel> channels, const json& book) {
  BookSettings settings;
  try {
    settings.interval = Duration{book.at("interval_ns").get<std::int64_t>()};
    settings.at_edges = book.at("at_edges").get<std::vector<bool>>();
    settings.roles.missing = book.at("missing").get<std::vector<std::string>>();
    for (const json& name : book.at("roles")) {
      Role role_of_channel = Role::state;
      for (const Role role : {Role::in_total, Role::inside, Role::duplicate, Role::apart, Role::model_unused}) {
        if (to_string(role) == name.get_ref<const std::string&>()) role_of_channel = role;
      }
      settings.roles.by_channel.push_back(role_of_channel);
    }
  } catch (const json::exception&) {
    return Error{ErrorKind::broken,
                 "the record's header does not say how its channels add up: its first line is damaged, or another "
                 "version of impact-tracker wrote it, which can read it",
                 ""};
  }
  if (settings.at_edges.size() != channels.size() || settings.roles.by_channel.size() != channels.size()) {
    return Error{ErrorKind::broken, "the record's header names another number of channels than it describes", ""};
  }
  settings.channels = std::move(channels);
  return settings;
}

}  // namespace impact
