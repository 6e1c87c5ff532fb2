#include "impact/tracker/sharing_note.hpp"

#include <gmock/gmock.h>

namespace impact {
namespace {

using State = Sharing::State;

TEST(SharingNote, SaysWhoReads) {
  const nlohmann::json elsewhere = sharing_note("ipmi", {State::elsewhere, 4711});
  EXPECT_EQ(sharing_remark(elsewhere), "ipmi: read by another rank (process 4711), whose record holds it");
  EXPECT_EQ(source_read_elsewhere(elsewhere), "ipmi");
  EXPECT_EQ(sharing_remark(sharing_note("ipmi", {State::elsewhere, 0})),
            "ipmi: read by another rank, whose record holds it");
  const nlohmann::json everybody = sharing_note("ipmi", {State::everybody, 0});
  EXPECT_EQ(sharing_remark(everybody), "ipmi: read by every rank: no lock file could be made below /run/lock or /tmp");
  EXPECT_FALSE(source_read_elsewhere(everybody));
  EXPECT_FALSE(sharing_remark(sharing_note("ipmi", {State::mine, 0})));
  EXPECT_TRUE(sharing_note("ipmi", {}).is_null());
}

TEST(SharingNote, OtherNotesSayNothing) {
  for (const char* text : {"null", "[]", "3", "{}", R"({"kind":"dropped_lines","lines":3})", R"({"kind":7,"source":8})",
                           R"({"kind":"read_elsewhere"})", R"({"kind":"read_by_everybody","source":[]})"}) {
    const nlohmann::json note = nlohmann::json::parse(text);
    EXPECT_FALSE(sharing_remark(note)) << text;
    EXPECT_FALSE(source_read_elsewhere(note)) << text;
  }
  EXPECT_TRUE(sharing_remark(nlohmann::json{{"kind", "read_elsewhere"}, {"source", "ipmi"}, {"pid", "x"}}));
}

}  // namespace
}  // namespace impact
