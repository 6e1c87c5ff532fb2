#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpp/sources/fake_root.hpp"

namespace impact {
OpenedSource open_rapl_msr(const Host&);
}

namespace impact::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kEsu14 = 0xA0E03, kEsu16 = 0xA1003;

void msr(const FakeRoot& root, unsigned cpu, std::uint32_t address, std::uint64_t value) {
  const auto file = root.path("/dev/cpu/" + std::to_string(cpu) + "/msr");
  std::filesystem::create_directories(file.parent_path());
  if (!std::filesystem::exists(file)) std::ofstream{file};
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(address);
  out.write(reinterpret_cast<const char*>(&value), sizeof value);
}

std::unique_ptr<Source> open(const FakeRoot& root) { return test::open(open_rapl_msr(root.host())); }

void registers(const FakeRoot& root, unsigned cpu, std::uint64_t unit) {
  msr(root, cpu, 0x606, unit);
  msr(root, cpu, 0x611, 0x1'0000'0010);  // a bit beyond the 32 that count
  msr(root, cpu, 0x619, 300);
  msr(root, cpu, 0x64D, 40);
}

TEST(RaplMsr, UnitsOfAServerOfEachGeneration) {
  struct Case {
    unsigned model;
    double dram, psys;
  };
  for (const Case& c : {Case{0x55, 0x1p-16, 0x1p-14}, Case{0x3F, 0x1p-16, 0x1p-14}, Case{0x6A, 0x1p-16, 0x1p-14},
                        Case{0x8F, 0x1p-14, 1.0}, Case{0xCF, 0x1p-14, 1.0}, Case{0x9E, 0x1p-14, 0x1p-14}}) {
    FakeRoot root;
    root.intel(c.model);
    registers(root, 0, kEsu14);
    const auto source = open(root);
    EXPECT_THAT(ids(*source), ElementsAre("rapl/package-0", "rapl/dram-0", "rapl/psys"));
    EXPECT_DOUBLE_EQ(channel_of(*source, "rapl/package-0").scale, 0x1p-14) << c.model;
    EXPECT_DOUBLE_EQ(channel_of(*source, "rapl/dram-0").scale, c.dram) << c.model;
    EXPECT_DOUBLE_EQ(channel_of(*source, "rapl/psys").scale, c.psys) << c.model;
    EXPECT_EQ(channel_of(*source, "rapl/package-0").range, std::uint64_t{1} << 32U);
    EXPECT_EQ(read_one(*source, "rapl/package-0").count, 16);
  }
}

TEST(RaplMsr, AmdIsItsPackage) {
  FakeRoot root;
  root.amd();
  root.online("0-1");
  root.cpu(0, 0);
  root.cpu(1, 1);
  for (unsigned cpu : {0U, 1U}) {
    msr(root, cpu, 0xC0010299, kEsu16);
    msr(root, cpu, 0xC001029B, 1000 + cpu);
  }
  const auto source = open(root);
  EXPECT_THAT(ids(*source), ElementsAre("rapl/package-0", "rapl/package-1"));
  EXPECT_DOUBLE_EQ(source->channels()[0].scale, 0x1p-16);
  EXPECT_EQ(read_one(*source, "rapl/package-1").count, 1001);
  EXPECT_EQ(source->channels()[0].quality, Quality::modelled);
}

TEST(RaplMsr, ATruncatedFileIsMissing) {
  FakeRoot root;
  root.intel();
  registers(root, 0, kEsu14);
  const auto source = open(root);
  std::filesystem::resize_file(root.path("/dev/cpu/0/msr"), 0x614);
  EXPECT_EQ(read_one(*source, "rapl/package-0").quality, Quality::missing);
}

TEST(RaplMsr, RefusesWhatItDoesNotKnow) {
  FakeRoot root;
  EXPECT_EQ(open_rapl_msr(root.host()).error().kind, ErrorKind::absent);
  root.intel(0x37);
  EXPECT_EQ(open_rapl_msr(root.host()).error().kind, ErrorKind::unsupported);
  root.intel(0x55);
  EXPECT_THAT(open_rapl_msr(root.host()).error().advice, HasSubstr("modprobe msr"));
  msr(root, 0, 0x606, 0);
  msr(root, 0, 0x700, 0);
  EXPECT_EQ(open_rapl_msr(root.host()).error().kind, ErrorKind::broken);
}

}  // namespace
}  // namespace impact::test
