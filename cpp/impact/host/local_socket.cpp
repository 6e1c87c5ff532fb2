#include "impact/host/local_socket.hpp"

#include "impact/host/words.hpp"

namespace impact {

std::optional<std::uint32_t> user_number(std::string_view name, std::string_view passwd) noexcept {
  if (const auto number = parse_number<std::uint32_t>(name)) return number;
  while (!passwd.empty()) {
    std::string_view line = next_line(passwd);
    if (next_until(line, ':') != name || name.empty()) continue;
    next_until(line, ':');
    return parse_number<std::uint32_t>(next_until(line, ':'));
  }
  return std::nullopt;
}

}  // namespace impact
