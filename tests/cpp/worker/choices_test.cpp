// The words that a command's field takes: every one of them is taken, any other is refused with all of them.
#include "worker/choices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace impact::worker {
namespace {

TEST(Choices, EveryWordIsTakenAndTheFirstIsTheDefault) {
  for (const auto& [field, words] : all_choices()) {
    for (const auto& word : words) {
      EXPECT_EQ(choice_of(Fields(Json{{field, word}}, {field}), field), word);
    }
    EXPECT_EQ(choice_of(Fields(Json::object(), {field}), field), words.front());
  }
}

TEST(Choices, AnyOtherWordIsRefusedWithThoseThereAre) {
  const Json command{{"precision", "fp13"}};
  try {
    choice_of(Fields(command, {"precision"}), "precision");
    FAIL() << "it was taken";
  } catch (const ProtocolError& refused) {
    EXPECT_EQ(refused.kind, "bad-value");
    EXPECT_THAT(refused.what(), testing::HasSubstr("one of fp32, tf32, bf16"));
  }
}

}  // namespace
}  // namespace impact::worker
