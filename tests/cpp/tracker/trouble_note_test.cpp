#include "impact/tracker/trouble_note.hpp"

#include <gtest/gtest.h>

namespace impact {
namespace {

using nlohmann::json;

TEST(TroubleNote, MakesItsRemark) {
  EXPECT_EQ(trouble_remark(trouble_note("service", "it does not answer")), "service: it does not answer");
}

TEST(TroubleNote, OtherNotesMakeNone) {
  for (const json& note : {json(), json(3), json::array({"trouble"}), json{{"kind", "suspended"}},
                           json{{"kind", "trouble"}}, json{{"kind", "trouble"}, {"source", 3}, {"what", "x"}},
                           json{{"kind", "trouble"}, {"source", "service"}, {"what", ""}}}) {
    EXPECT_EQ(trouble_remark(note), std::nullopt) << note.dump();
  }
}

}  // namespace
}  // namespace impact
