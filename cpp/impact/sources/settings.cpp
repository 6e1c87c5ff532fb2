#include "impact/sources/settings.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "impact/host/file.hpp"

namespace impact {

std::optional<std::string> setting(std::string_view name) {
  const char* value = std::getenv(fmt::format("IMPACT_TRACKER_{}", name).c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::optional<std::string> secret(std::string_view name) {
  if (auto value = setting(name)) return value;
  const auto file = setting(fmt::format("{}_FILE", name));
  if (!file) return std::nullopt;
  const Result<std::string> text = read_text(*file, 4096);
  if (!text) return std::nullopt;
  return text.value().substr(0, text.value().find('\n'));
}

bool is_switched_on(std::string_view name) {
  const std::string value = setting(name).value_or("");
  return value == "1" || value == "true" || value == "yes" || value == "on";
}

Error not_configured(std::string_view what, std::string_view advice) {
  return {ErrorKind::misconfigured, fmt::format("{} is not configured", what), std::string(advice)};
}

}  // namespace impact
