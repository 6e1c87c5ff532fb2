#include "impact/sources/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "cpp/sources/fake_root.hpp"
#include "impact/sources/registry.hpp"

namespace impact::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr SourceSetting kAddress{"test_address", "an address", SettingKind::text, "nowhere"};
constexpr SourceSetting kPassword{"test_password", "a password", SettingKind::secret};
constexpr SourceSetting kFlag{"test_flag", "a flag", SettingKind::flag};

SourceSettings told(SourceSettings::Values of_file) { return SourceSettings(std::move(of_file)); }

class SettingsTest : public testing::Test {
 protected:
  void TearDown() override {
    for (const std::string& name : names_) unsetenv(name.c_str());
  }
  void set(const std::string& name, const std::string& value) {
    names_.insert(name);
    setenv(name.c_str(), value.c_str(), 1);
  }

 private:
  std::set<std::string> names_;
};

TEST_F(SettingsTest, TheEnvironmentGoesBeforeTheFileAndTheFileBeforeTheDefault) {
  EXPECT_EQ(SourceSettings{}.value(kAddress), "nowhere");
  EXPECT_FALSE(SourceSettings{}.given(kAddress));
  const SourceSettings settings = told({{"test_address", "file"}});
  EXPECT_EQ(settings.value(kAddress), "file");
  set("IMPACT_TRACKER_TEST_ADDRESS", "environment");
  EXPECT_EQ(settings.value(kAddress), "environment");
  set("IMPACT_TRACKER_TEST_ADDRESS", "");  // as if it were not set
  EXPECT_EQ(settings.value(kAddress), "file");
}

TEST_F(SettingsTest, ASecretIsATextOrTheFirstLineOfAFile) {
  FakeRoot root;
  root.write("/a", "from a\nsecond line\n");
  root.write("/b", "from b");
  EXPECT_FALSE(SourceSettings{}.given(kPassword));
  const SourceSettings settings = told({{"test_password_file", root.path("/a").string()}});
  EXPECT_EQ(settings.value(kPassword), "from a");
  set("IMPACT_TRACKER_TEST_PASSWORD_FILE", root.path("/b").string());
  EXPECT_EQ(settings.value(kPassword), "from b");
  set("IMPACT_TRACKER_TEST_PASSWORD", "itself");
  EXPECT_EQ(settings.value(kPassword), "itself");
}

TEST_F(SettingsTest, AFileThatCannotBeReadIsNoSecret) {
  EXPECT_FALSE(told({{"test_password_file", "/nonexistent"}}).given(kPassword));
}

TEST_F(SettingsTest, FlagsAreSwitchedOnByWords) {
  for (const char* word : {"1", "true", "yes", "on"}) EXPECT_TRUE(told({{"test_flag", word}}).is_on(kFlag));
  for (const char* word : {"", "0", "no", "maybe"}) EXPECT_FALSE(told({{"test_flag", word}}).is_on(kFlag));
}

TEST(DeclaredSettings, EachOnceWithItsReadersAndTheFileOfASecret) {
  const std::vector<DeclaredSetting> all = declared_settings();
  std::set<std::string> names;
  for (const DeclaredSetting& setting : all) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    EXPECT_FALSE(setting.what.empty()) << setting.name;
    EXPECT_FALSE(setting.readers.empty()) << setting.name;
    if (setting.kind == SettingKind::secret) {
      EXPECT_TRUE(std::ranges::any_of(all, [&](const DeclaredSetting& s) {
        return s.name == setting.name + "_file" && s.kind == SettingKind::path;
      })) << setting.name;
    }
  }
  const auto nvml = std::ranges::find(all, std::string("nvml"), &DeclaredSetting::name);
  ASSERT_NE(nvml, all.end());
  EXPECT_THAT(nvml->readers, ElementsAre("nvml", "nvml_power", "nvml_state", "nvml_late"));
  EXPECT_EQ(variable_of("redfish_user"), "IMPACT_TRACKER_REDFISH_USER");
}

TEST(DeclaredSettings, AReaderIsToldThroughTheRegistry) {
  FakeRoot root;
  root.intel();
  const std::vector<std::string> wanted{"ipmi_lan"};
  const SourceSettings settings = told({{"ipmi", "127.0.0.1"}, {"ipmi_cipher", "ninety"}});
  const std::vector<Probe> probes = open_sources(root.host(), wanted, settings);
  ASSERT_EQ(probes.size(), 1U);
  EXPECT_THAT(probes[0].error.what, HasSubstr("IMPACT_TRACKER_IPMI_CIPHER"));
}

}  // namespace
}  // namespace impact::test
