#include "impact/attribution/core_work.hpp"

#include <gmock/gmock.h>

namespace impact {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

TEST(CoreWork, ACoreOfItsOwnIsWorthItsTime) {
  const CpuLoad cpus[] = {{0, 0, 1.0, 0.0}, {1, 1, 0.3, 0.0}};
  EXPECT_THAT(work_weights(cpus), ElementsAre(1.0, DoubleNear(1.0, 1e-12)));
}

TEST(CoreWork, TwoThreadsOfOneCoreShareIt) {
  const CpuLoad cpus[] = {{0, 0, 1.0, 0.0}, {1, 0, 1.0, 0.0}, {2, 1, 1.0, 0.0}, {3, 1, 0.0, 0.0}};
  EXPECT_THAT(work_weights(cpus), ElementsAre(0.5, 0.5, 1.0, 1.0));
  const CpuLoad half[] = {{0, 0, 0.5, 0.0}, {1, 0, 0.5, 0.0}};
  EXPECT_THAT(work_weights(half), ElementsAre(0.75, 0.75));
}

TEST(CoreWork, AFasterCoreIsWorthMore) {
  const CpuLoad cpus[] = {{0, 0, 1.0, 3e9}, {1, 1, 1.0, 1e9}, {2, 2, 0.0, 8e9}};
  EXPECT_THAT(work_weights(cpus), ElementsAre(1.5, 0.5, 4.0));
}

TEST(CoreWork, OneUnknownFrequencyMakesAllUnknown) {
  const CpuLoad cpus[] = {{0, 0, 1.0, 3e9}, {1, 1, 1.0, 0.0}};
  EXPECT_THAT(work_weights(cpus), ElementsAre(1.0, 1.0));
}

TEST(CoreWork, NobodyAtWorkIsNoDivisionByNothing) {
  const CpuLoad cpus[] = {{0, 0, 0.0, 1e9}, {1, 0, -1.0, 1e9}};
  EXPECT_THAT(work_weights(cpus), ElementsAre(1.0, 1.0));
  EXPECT_TRUE(work_weights({}).empty());
}

}  // namespace
}  // namespace impact
