#include "impact/host/perf.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>

namespace impact {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) throw std::runtime_error("pipe");
    out = Descriptor{ends[0]};
    in = Descriptor{ends[1]};
  }
  void write(std::vector<std::uint64_t> words) const {
    ASSERT_EQ(::write(in.get(), words.data(), words.size() * 8), static_cast<ssize_t>(words.size() * 8));
  }
  Descriptor out, in;
};

PerfGroup group_of(Pipe& pipe) {
  std::vector<Descriptor> events;
  events.push_back(std::move(pipe.out));
  return PerfGroup{std::move(events)};
}

TEST(PerfGroup, ReadsTheKernelsLayout) {
  Pipe pipe;
  const PerfGroup group = group_of(pipe);
  pipe.write({2, 11, 22});
  std::array<std::uint64_t, 2> values{};
  ASSERT_TRUE(group.read(values));
  EXPECT_EQ(values[0], 11U);
  EXPECT_EQ(values[1], 22U);
}

TEST(PerfGroup, RefusesAnotherNumberOfValues) {
  Pipe pipe;
  const PerfGroup group = group_of(pipe);
  std::array<std::uint64_t, 2> values{7, 7};
  pipe.write({3, 11, 22});
  EXPECT_FALSE(group.read(values));
  pipe.write({2, 11});
  EXPECT_FALSE(group.read(values));
  pipe.in.close();
  EXPECT_FALSE(group.read(values));  // end of file, as for an event whose CPU has gone
  EXPECT_EQ(values[0], 7U);
  EXPECT_FALSE(PerfGroup{std::vector<Descriptor>{}}.read(values));
}

TEST(PerfGroup, CountsASoftwareEventWhereItMay) {
  constexpr std::uint32_t software = 1;
  constexpr std::array<std::uint64_t, 2> clocks{0, 3};  // CPU clock, context switches
  Result<PerfGroup> group = PerfGroup::open(software, clocks, 0);
  if (!group) {
    EXPECT_EQ(group.error().kind, ErrorKind::forbidden) << group.error().what;
    GTEST_SKIP() << group.error().what;
  }
  std::array<std::uint64_t, 2> first{}, second{};
  ASSERT_TRUE(group.value().read(first));
  ASSERT_TRUE(group.value().read(second));
  EXPECT_GT(second[0], first[0]);
}

TEST(PerfGroup, AnUnknownPmuIsAbsent) {
  constexpr std::array<std::uint64_t, 1> event{0};
  const Result<PerfGroup> group = PerfGroup::open(0x7FFFFFF0, event, 0);
  ASSERT_FALSE(group.ok());
  EXPECT_NE(group.error().kind, ErrorKind::broken);
}

}  // namespace
}  // namespace impact
