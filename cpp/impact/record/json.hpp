#pragma once
// Numbers out of parsed JSON without silent conversion, and text into JSON without throwing on what is not UTF-8.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace impact {

// The whole number that `value` is, if it fits; a fraction, a string or a larger number is none.
template <class Integer>
std::optional<Integer> to_integer(const nlohmann::json& value) noexcept {
  if (value.is_number_unsigned()) {
    const auto number = *value.get_ptr<const std::uint64_t*>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  } else if (value.is_number_integer()) {
    const auto number = *value.get_ptr<const std::int64_t*>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  }
  return std::nullopt;
}

// One line; bytes that are not UTF-8 become U+FFFD, numbers that are not finite become null.
inline std::string to_line(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Brackets nest no deeper than a record's lines ever do: a parser's memory stays in proportion to the line.
inline bool is_shallow(std::string_view line, int most = 100) noexcept {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > most) return false;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return true;
}

}  // namespace impact
