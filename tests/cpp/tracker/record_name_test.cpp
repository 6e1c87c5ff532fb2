#include "impact/tracker/record_name.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include "fakes/scratch.hpp"
#include "impact/tracker/tracker.hpp"

namespace impact {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(RecordName, HoldsBeginProcessAndWhatNoOtherHas) {
  const std::string id = new_run_id(1'763'737'681'000'000'000, 4711);
  EXPECT_THAT(id, MatchesRegex("20251121T150801Z-4711-[0-9a-f]+"));
  EXPECT_EQ(id.size(), std::string("20251121T150801Z-4711-").size() + 16);
  EXPECT_NE(id, new_run_id(1'763'737'681'000'000'000, 4711));
}

TEST(RecordName, APlaceInADirectoryThatIsGoneIsNamed) {
  const std::filesystem::path before = std::filesystem::current_path();
  const fakes::Scratch dir;
  std::filesystem::create_directory(dir / "gone");
  std::filesystem::current_path(dir / "gone");
  EXPECT_EQ(record_path("runs", "id"), std::filesystem::current_path() / "runs" / "impacttracker" / "id.jsonl");
  std::filesystem::remove(dir / "gone");
  EXPECT_EQ(record_path("/runs", "id"), "/runs/impacttracker/id.jsonl");
  try {
    (void)record_path("runs", "id");
    ADD_FAILURE() << "a place in a directory that is gone";
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the working directory has been deleted, and the logdir \"runs\" lies in it"));
    EXPECT_EQ(error.kind, ErrorKind::absent);
  }
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace impact
