#include "impact/core/edit_distance.hpp"

#include <gtest/gtest.h>

namespace impact {
namespace {

TEST(EditDistance, CountsAddedRemovedAndReplacedLetters) {
  EXPECT_EQ(edit_distance("nvml", "nvml"), 0U);
  EXPECT_EQ(edit_distance("", "rapl"), 4U);
  EXPECT_EQ(edit_distance("rapl", ""), 4U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

}  // namespace
}  // namespace impact
