#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "cpp/sources/fake_root.hpp"

namespace impact {
OpenedSource open_rapl_powercap(const Host&);
}

namespace impact::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::unique_ptr<Source> open(const FakeRoot& root) {
  OpenedSource opened = open_rapl_powercap(root.host());
  EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().what);
  return opened.ok() ? std::move(opened).value() : nullptr;
}

TEST(RaplPowercap, ReadsTwoSocketsWithDramByName) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-1", 5'000'000);  // probe order is not socket order
  root.zone("intel-rapl:0:0", "dram", 300);
  root.zone("intel-rapl:1", "package-0", 7'000'000);
  root.zone("intel-rapl:1:0", "core", 100);
  root.zone("intel-rapl:1:2", "dram", 200, 65'712'999'613);
  const auto source = open(root);
  EXPECT_THAT(ids(*source),
              UnorderedElementsAre("rapl/package-1", "rapl/dram-1", "rapl/package-0", "rapl/core-0", "rapl/dram-0"));
  EXPECT_EQ(read_one(*source, "rapl/package-0").count, 7'000'000);
  EXPECT_EQ(read_one(*source, "rapl/package-1").count, 5'000'000);
  EXPECT_EQ(read_one(*source, "rapl/dram-0").count, 200);
  const Channel& dram = channel_of(*source, "rapl/dram-0");
  EXPECT_EQ(dram.device, "memory:0");
  EXPECT_EQ(dram.domain, Domain::dram);
  EXPECT_EQ(dram.range, 65'712'999'613U);
  EXPECT_DOUBLE_EQ(dram.scale, 1e-6);
  EXPECT_EQ(channel_of(*source, "rapl/package-1").device, "cpu:1");
  EXPECT_EQ(channel_of(*source, "rapl/package-0").quality, Quality::measured);
  EXPECT_TRUE(is_fast(*source));
}

TEST(RaplPowercap, FollowsTheFileAndStampsTheRead) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-0", 1'000);
  const auto source = open(root);
  root.clock.now_ns = 42;
  root.write("/sys/class/powercap/intel-rapl:0/energy_uj", "999999999\n");
  const Reading r = read_one(*source, "rapl/package-0");
  EXPECT_EQ(r.count, 999'999'999);
  EXPECT_EQ(nanoseconds(r.before), 42);
  EXPECT_EQ(r.quality, Quality::measured);
}

TEST(RaplPowercap, PsysIsNotASocket) {
  FakeRoot root;
  root.intel(142);
  root.zone("intel-rapl:0", "package-0", 10);
  root.zone("intel-rapl:0:1", "uncore", 10);
  root.zone("intel-rapl:1", "psys", 20);
  const auto source = open(root);
  EXPECT_EQ(channel_of(*source, "rapl/psys").domain, Domain::psys);
  EXPECT_EQ(channel_of(*source, "rapl/psys").device, "node");
  EXPECT_EQ(channel_of(*source, "rapl/uncore-0").domain, Domain::igpu);
}

TEST(RaplPowercap, MmioMirrorCountsOnce) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl-mmio:0", "package-0", 10);
  root.zone("intel-rapl-mmio:0:0", "dram", 10);
  root.zone("intel-rapl:0", "package-0", 11);
  const auto source = open(root);
  EXPECT_THAT(ids(*source), UnorderedElementsAre("rapl/package-0", "rapl/dram-0"));  // dram is known only through mmio
  EXPECT_EQ(read_one(*source, "rapl/package-0").count, 11);
}

TEST(RaplPowercap, MmioAloneIsUsed) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl-mmio:0", "package-0", 10);
  EXPECT_THAT(ids(*open(root)), ElementsAre("rapl/package-0"));
}

TEST(RaplPowercap, PackagesWithEqualCountersAreNotMirrors) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-0", 123'456);
  root.zone("intel-rapl:1", "package-1", 123'456);
  EXPECT_THAT(ids(*open(root)), UnorderedElementsAre("rapl/package-0", "rapl/package-1"));
}

TEST(RaplPowercap, DiesWithTheirOwnCountersAreKept) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-0-die-0", 100);
  root.zone("intel-rapl:0:0", "dram", 50);
  root.zone("intel-rapl:1", "package-0-die-1", 200);
  root.zone("intel-rapl:1:0", "dram", 50);  // equal, but nothing moves: no proof
  const auto source = open(root);
  EXPECT_THAT(ids(*source), UnorderedElementsAre("rapl/package-0-die-0", "rapl/package-0-die-1", "rapl/dram-0-die-0",
                                                 "rapl/dram-0-die-1"));
  EXPECT_EQ(channel_of(*source, "rapl/package-0-die-1").device, "cpu:0");
}

// Two files that show one moving counter: a link to the same file, rewritten while the source opens.
TEST(RaplPowercap, DiesThatMirrorTheirPackageAreOne) {
  FakeRoot root;
  root.amd();
  root.zone("intel-rapl:0", "package-0-die-0", 1'000'000);
  root.zone("intel-rapl:1", "package-0-die-1", 0);
  const auto first = root.path("/sys/class/powercap/intel-rapl:0/energy_uj");
  const auto second = root.path("/sys/class/powercap/intel-rapl:1/energy_uj");
  std::filesystem::remove(second);
  std::filesystem::create_hard_link(first, second);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    std::fstream file(first, std::ios::in | std::ios::out | std::ios::binary);
    for (int value = 1'000'000; !stop; ++value) {
      file.seekp(0);
      file << value << '\n' << std::flush;
      std::this_thread::sleep_for(std::chrono::microseconds{500});
    }
  });
  const auto source = open(root);
  stop = true;
  writer.join();
  EXPECT_THAT(ids(*source), ElementsAre("rapl/package-0"));
}

TEST(RaplPowercap, AmdIsAModelAndItsCoreZoneIsOneCoreOnly) {
  FakeRoot root;
  root.amd();
  root.zone("intel-rapl:0", "package-0", 10, 65'532'610'987);
  root.zone("intel-rapl:0:0", "core", 10);
  const auto source = open(root);
  EXPECT_THAT(ids(*source), ElementsAre("rapl/package-0"));
  EXPECT_EQ(source->channels()[0].quality, Quality::modelled);
  EXPECT_GT(source->channels()[0].relative_error, 0);
  EXPECT_EQ(read_one(*source, "rapl/package-0").quality, Quality::modelled);
}

TEST(RaplPowercap, SandyBridgeIsAModel) {
  FakeRoot root;
  root.intel(45);
  root.zone("intel-rapl:0", "package-0", 10);
  EXPECT_EQ(open(root)->channels()[0].quality, Quality::modelled);
}

TEST(RaplPowercap, WhatCannotBeReadIsMissing) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-0", 1'000);
  root.zone("intel-rapl:1", "package-1", 2'000);
  const auto source = open(root);
  for (const char* text : {"", "\n", "nan\n", "-5\n", "12 34\n", "1e9\n", "0x10\n", "99999999999999999999999\n",
                           "262143328851\n", "\xff\xfe\n", "123456789012345678901234567890123456789\n"}) {
    root.write("/sys/class/powercap/intel-rapl:0/energy_uj", text);
    EXPECT_EQ(read_one(*source, "rapl/package-0").quality, Quality::missing) << text;
    EXPECT_EQ(read_one(*source, "rapl/package-0").count, 0) << text;
    EXPECT_EQ(read_one(*source, "rapl/package-1").count, 2'000) << text;
  }
  root.write("/sys/class/powercap/intel-rapl:0/energy_uj", "1001\n");
  EXPECT_EQ(read_one(*source, "rapl/package-0").count, 1'001);
}

TEST(RaplPowercap, AnUnreadableRangeLeavesTheWrapUnknown) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-0", 1'000);
  root.write("/sys/class/powercap/intel-rapl:0/max_energy_range_uj", "garbage");
  EXPECT_EQ(open(root)->channels()[0].range, 0U);
}

TEST(RaplPowercap, ACounterThatStaysZeroIsRefused) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-0", 0);
  const OpenedSource opened = open_rapl_powercap(root.host());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::broken);
  EXPECT_THAT(opened.error().what, HasSubstr("stays 0"));
}

TEST(RaplPowercap, ADeadPsysDoesNotSpoilThePackage) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-0", 5);
  root.zone("intel-rapl:1", "psys", 0);
  EXPECT_THAT(ids(*open(root)), ElementsAre("rapl/package-0"));
}

TEST(RaplPowercap, MaximumPowerIsOutOfReach) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-0", 5);
  EXPECT_DOUBLE_EQ(open(root)->channels()[0].max_power.value(), 1'000);
  root.write("/sys/class/powercap/intel-rapl:0/constraint_0_power_limit_uw", "350000000\n");
  root.write("/sys/class/powercap/intel-rapl:0/constraint_1_power_limit_uw", "420000000\n");
  EXPECT_DOUBLE_EQ(open(root)->channels()[0].max_power.value(), 840);
  root.write("/sys/class/powercap/intel-rapl:0/constraint_1_power_limit_uw", "15000000\n");
  root.write("/sys/class/powercap/intel-rapl:0/constraint_0_power_limit_uw", "15000000\n");
  EXPECT_DOUBLE_EQ(open(root)->channels()[0].max_power.value(), 500);
  root.write("/sys/class/powercap/intel-rapl:0/constraint_0_power_limit_uw", "4095875000000\n");  // an unset register
  EXPECT_DOUBLE_EQ(open(root)->channels()[0].max_power.value(), 1'000);
}

TEST(RaplPowercap, ZonesOnlyInsideTheirParentsAreFound) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl/intel-rapl:0", "package-0", 5);
  root.zone("intel-rapl/intel-rapl:0/intel-rapl:0:0", "dram", 6);
  EXPECT_THAT(ids(*open(root)), UnorderedElementsAre("rapl/package-0", "rapl/dram-0"));
}

TEST(RaplPowercap, SaysWhyThereIsNothing) {
  FakeRoot root;
  root.intel();
  EXPECT_EQ(open_rapl_powercap(root.host()).error().kind, ErrorKind::absent);
  EXPECT_THAT(open_rapl_powercap(root.host()).error().advice, HasSubstr("modprobe intel_rapl_msr"));
  root.arm();
  EXPECT_EQ(open_rapl_powercap(root.host()).error().kind, ErrorKind::absent);
  EXPECT_EQ(open_rapl_powercap(root.host()).error().advice, "");
  root.intel(85, "Xeon", "fpu hypervisor sse");
  EXPECT_THAT(open_rapl_powercap(root.host()).error().what, HasSubstr("virtual machine"));
  std::filesystem::create_directories(root.path("/sys/class/powercap/intel-rapl:0"));
  const OpenedSource masked = open_rapl_powercap(root.host());
  EXPECT_EQ(masked.error().kind, ErrorKind::forbidden);
  EXPECT_THAT(masked.error().advice, HasSubstr("-v /sys/devices/virtual/powercap"));
}

TEST(RaplPowercap, WhyASecondSocketIsLeftOutIsSaid) {
  FakeRoot all;
  all.intel();
  all.zone("intel-rapl:0", "package-0", 5);
  all.zone("intel-rapl:1", "package-1", 7);
  EXPECT_TRUE(open(all)->left_out().what.empty());
  all.zone("intel-rapl:1", "package-1", 0);
  EXPECT_THAT(open(all)->left_out().what, HasSubstr("intel-rapl:1/energy_uj: stays 0"));
  const mode_t users_mask = umask(022);
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-0", 5);
  root.zone("intel-rapl:1", "package-1", 7);
  std::filesystem::permissions(root.path("/"), std::filesystem::perms{0755});
  umask(users_mask);
  std::filesystem::permissions(root.path("/sys/class/powercap/intel-rapl:1/energy_uj"), std::filesystem::perms::none);
  const bool is_root = geteuid() == 0;
  if (is_root && seteuid(65'534) != 0) GTEST_SKIP() << "cannot give up root";
  const auto source = open(root);
  ASSERT_EQ(is_root ? seteuid(0) : 0, 0);
  EXPECT_THAT(ids(*source), ElementsAre("rapl/package-0"));
  EXPECT_EQ(source->left_out().kind, ErrorKind::forbidden);
  EXPECT_THAT(source->left_out().what, HasSubstr("intel-rapl:1/energy_uj: only root may read it"));
  EXPECT_THAT(source->left_out().advice, HasSubstr("udev"));
}

TEST(RaplPowercap, ForbiddenNamesTheRemedy) {
  const mode_t users_mask = umask(022);  // of the files below the root, the counter alone is to be closed
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-0", 5);
  std::filesystem::permissions(root.path("/"), std::filesystem::perms{0755});
  umask(users_mask);
  std::filesystem::permissions(root.path("/sys/class/powercap/intel-rapl:0/energy_uj"), std::filesystem::perms::none);
  constexpr uid_t nobody = 65'534;
  const bool is_root = geteuid() == 0;
  if (is_root && seteuid(nobody) != 0) GTEST_SKIP() << "cannot give up root";
  const OpenedSource opened = open_rapl_powercap(root.host());
  ASSERT_EQ(is_root ? seteuid(0) : 0, 0);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::forbidden);
  EXPECT_THAT(opened.error().advice, HasSubstr("udev"));
  EXPECT_THAT(opened.error().advice, HasSubstr("perf_event_paranoid"));
}

}  // namespace
}  // namespace impact::test
