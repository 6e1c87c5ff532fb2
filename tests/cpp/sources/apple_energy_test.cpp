#ifdef IMPACT_FAKE_IOREPORT_LIBRARY

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "cpp/sources/fake_root.hpp"
#include "impact/host/library.hpp"
#include "impact/sources/domain_tree.hpp"
#include "impact/sources/settings.hpp"

namespace impact {
OpenedSource open_apple_energy(const Host&, const SourceSettings& = {});
}

namespace impact::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AppleEnergyTest : public testing::Test {
 protected:
  void SetUp() override { setenv("IMPACT_TRACKER_IOREPORT", IMPACT_FAKE_IOREPORT_LIBRARY, 1); }
  void TearDown() override {
    unsetenv("IMPACT_TRACKER_IOREPORT");
    unsetenv("IMPACT_FAKE_IOREPORT");
  }
  static void says(const std::string& counters) { setenv("IMPACT_FAKE_IOREPORT", counters.c_str(), 1); }

  static std::unique_ptr<Source> opened() {
    OpenedSource source = open_apple_energy(Host{});
    if (!source) throw std::runtime_error(source.error().what);
    return std::move(source).value();
  }
  static Error refusal() { return open_apple_energy(Host{}).error(); }

  // Returns the joules between two readings.
  static double joules(const Source& source, const Reading& before, const Reading& after) {
    return static_cast<double>(after.count - before.count) * source.channels()[after.channel].scale;
  }
};

TEST_F(AppleEnergyTest, ReadsProcessorsGpuNeuralEngineAndMemoryEachInItsUnit) {
  says("EACC_CPU|mJ|7;CPU Energy|mJ|100;GPU Energy|nJ|5;ANE|uJ  |1;DRAM| mJ|9;DISP|mJ|3");
  const auto source = opened();
  ASSERT_THAT(ids(*source), ElementsAre("apple/CPU-Energy/energy", "apple/GPU-Energy/energy", "apple/ANE/energy",
                                        "apple/DRAM/energy"));
  Sink before, after;
  source->read(before);
  says("EACC_CPU|mJ|8;CPU Energy|mJ|2600;GPU Energy|nJ|4000000005;ANE|uJ  |3000001;DRAM| mJ|1009;DISP|mJ|33");
  source->read(after);
  const std::vector<double> expected{2.5, 4.0, 3.0, 1.0};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(joules(*source, before.readings()[i], after.readings()[i]), expected[i], 1e-9) << i;
    EXPECT_EQ(after.readings()[i].quality, Quality::modelled);
    EXPECT_GT(source->channels()[i].relative_error, 0);
  }
  const Cover cover = find_cover(source->channels());
  EXPECT_THAT(cover.total, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(cover.missing, ElementsAre("cpu"));  // the chip's fabric and caches are in no channel
}

TEST_F(AppleEnergyTest, OfTwoDiesEachIsAProcessorAndTheirMemoryIsOne) {
  says(
      "DIE_0_CPU Energy|mJ|1;DIE_1_CPU Energy|mJ|2;DIE_1_GPU Energy|nJ|3;ANE0_1|mJ|0;DRAM0|mJ|4;DRAM0|mJ|5;DIE_x|mJ|1");
  const auto source = opened();
  EXPECT_THAT(ids(*source), ElementsAre("apple/DIE_0_CPU-Energy/energy", "apple/DIE_1_CPU-Energy/energy",
                                        "apple/DIE_1_GPU-Energy/energy", "apple/ANE0_1/energy", "apple/DRAM0/energy",
                                        "apple/DRAM0-2/energy"));
  EXPECT_EQ(source->channels()[1].device, "cpu:1");
  EXPECT_EQ(source->channels()[2].device, "cpu:1");
  const Reading first = read_one(*source, "apple/DRAM0-2/energy");
  says("DIE_0_CPU Energy|mJ|1;DIE_1_CPU Energy|mJ|2;DIE_1_GPU Energy|nJ|3;ANE0_1|mJ|0;DRAM0|mJ|4;DRAM0|mJ|505");
  EXPECT_NEAR(joules(*source, first, read_one(*source, "apple/DRAM0-2/energy")), 0.5, 1e-9);
}

TEST_F(AppleEnergyTest, WhatGoesBackwardsBeginsAnewBelowAllThatWasTold) {
  says("CPU Energy|mJ|5000;DRAM|mJ|5");
  const auto source = opened();
  const Reading before = read_one(*source, "apple/CPU-Energy/energy");
  says("CPU Energy|mJ|20;DRAM|mJ|6");
  const Reading anew = read_one(*source, "apple/CPU-Energy/energy");
  EXPECT_LT(joules(*source, before, anew), -1e6) << "a step that no difference can take for energy";
  says("CPU Energy|mJ|1020;DRAM|mJ|7");
  EXPECT_NEAR(joules(*source, anew, read_one(*source, "apple/CPU-Energy/energy")), 1.0, 1e-9);
}

TEST_F(AppleEnergyTest, AMissingChannelIsMissingAndItsTimeAGap) {
  says("CPU Energy|mJ|100;DRAM|mJ|5");
  const auto source = opened();
  const Reading before = read_one(*source, "apple/DRAM/energy");
  says("CPU Energy|mJ|200");
  EXPECT_EQ(read_one(*source, "apple/DRAM/energy").quality, Quality::missing);
  EXPECT_EQ(read_one(*source, "apple/CPU-Energy/energy").quality, Quality::modelled);
  says("CPU Energy|mJ|300;DRAM|mJ|5000");
  const Reading back = read_one(*source, "apple/DRAM/energy");
  EXPECT_LT(joules(*source, before, back), 0);
  says("CPU Energy|mJ|300;DRAM|uJ|5000");  // its unit has changed: it is not the same any more
  EXPECT_EQ(read_one(*source, "apple/DRAM/energy").quality, Quality::missing);
}

TEST_F(AppleEnergyTest, WhatIsCountedWhileNoSampleIsHadIsInTheNext) {
  says("CPU Energy|mJ|100");
  const auto source = opened();
  const Reading before = read_one(*source, "apple/CPU-Energy/energy");
  says("silent");
  EXPECT_EQ(read_one(*source, "apple/CPU-Energy/energy").quality, Quality::missing);
  says("CPU Energy|mJ|1100");
  EXPECT_NEAR(joules(*source, before, read_one(*source, "apple/CPU-Energy/energy")), 1.0, 1e-9);
}

TEST_F(AppleEnergyTest, AnUnknownUnitIsLeftOutAndSaid) {
  says("CPU Energy|mJ|100;DRAM|furlong|5");
  const auto source = opened();
  EXPECT_THAT(ids(*source), ElementsAre("apple/CPU-Energy/energy"));
  EXPECT_THAT(source->left_out().what, HasSubstr("DRAM in \"furlong\""));
  says("CPU Energy||100");
  EXPECT_EQ(refusal().kind, ErrorKind::unsupported);
  EXPECT_THAT(refusal().what, HasSubstr("CPU Energy in \"\""));
}

TEST_F(AppleEnergyTest, SaysWhatIsWrong) {
  for (const auto& [counters, kind] :
       std::vector<std::pair<std::string, ErrorKind>>{{"", ErrorKind::absent},
                                                      {"refused", ErrorKind::absent},
                                                      {"silent", ErrorKind::unsupported},
                                                      {"DISP|mJ|3", ErrorKind::unsupported}}) {
    says(counters);
    EXPECT_EQ(refusal().kind, kind) << counters;
    EXPECT_FALSE(refusal().what.empty());
  }
  says("CPU Energy|mJ|1");
  setenv("IMPACT_TRACKER_IOREPORT", IMPACT_FAKE_AMDSMI_LIBRARY, 1);  // another library
  EXPECT_THAT(refusal().what, HasSubstr("has no CFRelease"));
  setenv("IMPACT_TRACKER_IOREPORT", "/nonexistent/libIOReport.dylib", 1);
  EXPECT_EQ(refusal().kind, ErrorKind::absent);
  unsetenv("IMPACT_TRACKER_IOREPORT");
  EXPECT_EQ(refusal().kind, ErrorKind::absent);
  FakeRoot root;
  EXPECT_EQ(open_apple_energy(root.host()).error().kind, ErrorKind::absent);
}

// Whatever the controller counts, in whatever steps: what is told is the sum of the steps forward.
TEST_F(AppleEnergyTest, AnyStepsForwardAddUp) {
  std::mt19937_64 random(18);
  const std::vector<std::pair<std::string, double>> units{{"mJ", 1e-3}, {"uJ", 1e-6}, {"nJ", 1e-9}};
  for (int trial = 0; trial < 50; ++trial) {
    const auto& [unit, scale] = units[random() % units.size()];
    std::int64_t count = static_cast<std::int64_t>(random() % 1'000'000);
    const auto say = [&] { says("CPU Energy|" + unit + "|" + std::to_string(count)); };
    say();
    const auto source = opened();
    const Reading first = read_one(*source, "apple/CPU-Energy/energy");
    std::int64_t steps = 0;
    for (int i = 0; i < 20; ++i) {
      const auto step = static_cast<std::int64_t>(random() % (std::uint64_t{1} << (random() % 40U)));
      count += step;
      steps += step;
      say();
      const Reading now = read_one(*source, "apple/CPU-Energy/energy");
      ASSERT_EQ(now.count - first.count, steps);
      ASSERT_NEAR(joules(*source, first, now), static_cast<double>(steps) * scale, 1e-9 * static_cast<double>(steps));
    }
  }
}

TEST_F(AppleEnergyTest, EveryObjectIsReleased) {
  const Result<Library> fake = Library::open(IMPACT_FAKE_IOREPORT_LIBRARY);
  ASSERT_TRUE(fake.ok());
  const auto live = fake.value().symbol<long()>("fake_live_objects");
  const long before = live();
  {
    says("CPU Energy|mJ|100;DRAM|mJ|5");
    const auto source = opened();
    const long held = live();
    for (int i = 0; i < 10; ++i) read_one(*source, "apple/DRAM/energy");
    EXPECT_EQ(live(), held);
    says("silent");
    read_one(*source, "apple/DRAM/energy");
    EXPECT_EQ(live(), held);
  }
  EXPECT_EQ(live(), before);
  says("refused");
  refusal();
  EXPECT_EQ(live(), before);
}

}  // namespace
}  // namespace impact::test

#endif
