#pragma once
// Holds the settings of readers that must be told where to look. Each reader declares its own beside itself; a value
// comes from the environment, else from a configuration file. Secrets are never repeated in a message or a record.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "impact/core/error.hpp"

namespace impact {

enum class SettingKind : std::uint8_t {
  text,
  flag,    // "1", "true", "yes" and "on" switch it on
  path,    // names a file
  secret,  // is a text, or the first line of the file that the setting <name>_file names
};

struct SourceSetting {
  std::string_view name;  // "redfish_user" in a file is IMPACT_TRACKER_REDFISH_USER in the environment
  std::string_view what;  // is one line for doctor
  SettingKind kind = SettingKind::text;
  std::string_view otherwise = {};  // is the value where nothing is set
};

// Returns "IMPACT_TRACKER_REDFISH_USER" for "redfish_user".
std::string variable_of(std::string_view setting);

// Holds what readers are told. An empty value counts as none.
class SourceSettings {
 public:
  using Values = std::map<std::string, std::string, std::less<>>;

  SourceSettings() = default;  // knows the environment alone
  // `of_file` is what configuration files say, by the settings' names; the environment goes before it.
  explicit SourceSettings(Values of_file) : of_file_(std::move(of_file)) {}

  // Returns it as it was set, and nullopt where it was not. A secret may also be the first line of its file.
  std::optional<std::string> given(const SourceSetting& setting) const;
  // Returns it as it was set, else what the setting is otherwise.
  std::string value(const SourceSetting& setting) const;
  bool is_on(const SourceSetting& flag) const;

  const Values& of_file() const noexcept { return of_file_; }

 private:
  Values of_file_;
};

Error not_configured(std::string_view what, std::string_view advice);

}  // namespace impact
