#include "impact/sources/settings.hpp"

#include <cstdlib>

#include "impact/host/file.hpp"

namespace impact {
namespace {

std::optional<std::string> in_environment(std::string_view name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): programs that change their environment while threads run are lost anyway
  const char* value = std::getenv(variable_of(name).c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::optional<std::string> in_file(const SourceSettings::Values& values, std::string_view name) {
  const auto found = values.find(name);
  if (found == values.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::optional<std::string> first_line(const std::optional<std::string>& path) {
  if (!path) return std::nullopt;
  const Result<std::string> text = read_text(*path, 4096);
  if (!text) return std::nullopt;
  return text.value().substr(0, text.value().find('\n'));
}

}  // namespace

std::string variable_of(std::string_view setting) {
  std::string name = "IMPACT_TRACKER_";
  for (const char c : setting) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

std::optional<std::string> SourceSettings::given(const SourceSetting& setting) const {
  const std::string file = std::string(setting.name) + "_file";
  const bool secret = setting.kind == SettingKind::secret;
  if (auto value = in_environment(setting.name)) return value;
  if (secret) {
    if (const auto path = in_environment(file)) return first_line(path);
  }
  if (auto value = in_file(of_file_, setting.name)) return value;
  return secret ? first_line(in_file(of_file_, file)) : std::nullopt;
}

std::string SourceSettings::value(const SourceSetting& setting) const {
  return given(setting).value_or(std::string(setting.otherwise));
}

bool SourceSettings::is_on(const SourceSetting& flag) const {
  const std::string word = value(flag);
  return word == "1" || word == "true" || word == "yes" || word == "on";
}

Error not_configured(std::string_view what, std::string_view advice) {
  return {ErrorKind::misconfigured, std::string(what) + " is not configured", std::string(advice)};
}

}  // namespace impact
