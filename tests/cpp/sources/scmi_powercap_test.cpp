#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpp/sources/fake_root.hpp"
#include "impact/sources/domain_tree.hpp"

namespace impact {
OpenedSource open_scmi_powercap(const Host&);
}

namespace impact::test {
namespace {

using testing::ElementsAre;

void zone(const FakeRoot& root, std::string_view number, std::string_view name, std::string_view power_uw) {
  const std::string base = "/sys/class/powercap/arm-scmi:" + std::string(number) + "/";
  root.write(base + "name", std::string(name) + "\n");
  if (!power_uw.empty()) root.write(base + "power_uw", std::string(power_uw) + "\n");
}

TEST(ScmiPowercap, ZonesAtTheTopCountThoseBelowDoNot) {
  FakeRoot root;
  zone(root, "0", "CPU_CLUSTERS", "24000000");
  zone(root, "0:0", "cluster0", "14000000");
  zone(root, "0:1", "cluster1", "10000000");
  zone(root, "1", "DDR", "5000000");
  zone(root, "2", "GPU", "9000000");
  zone(root, "3", "MYSTERY", "1000000");
  zone(root, "4", "unmonitored", "0");
  root.write("/sys/class/powercap/intel-rapl:0/name", "package-0\n");
  auto opened = open_scmi_powercap(root.host());
  ASSERT_TRUE(opened.ok());
  const auto source = std::move(opened).value();
  EXPECT_THAT(ids(*source), ElementsAre("scmi_powercap/cpu-clusters-0/power", "scmi_powercap/cluster0-0-0/power",
                                        "scmi_powercap/cluster1-0-1/power", "scmi_powercap/ddr-1/power",
                                        "scmi_powercap/gpu-2/power", "scmi_powercap/mystery-3/power"));
  EXPECT_EQ(read_one(*source, "scmi_powercap/ddr-1/power").count, 5'000'000);
  const std::vector<Channel> channels(source->channels().begin(), source->channels().end());
  const Cover cover = find_cover(channels);
  EXPECT_THAT(cover.total, ElementsAre(0U, 3U, 4U));
  EXPECT_EQ(cover.parts[5].role, Role::apart);
  EXPECT_FALSE(cover.partial());
  zone(root, "1", "DDR", "-5");
  EXPECT_EQ(read_one(*source, "scmi_powercap/ddr-1/power").quality, Quality::missing);
  zone(root, "1", "DDR", "5000000000000");
  EXPECT_EQ(read_one(*source, "scmi_powercap/ddr-1/power").quality, Quality::missing);
}

// A firmware without a tree lists the chip beside its own processors and graphics, which would count twice.
TEST(ScmiPowercap, AChipHoldsThePartsThatStandBesideIt) {
  for (const bool is_monitored : {true, false}) {
    FakeRoot root;
    zone(root, "0", "SOC", is_monitored ? "40000000" : "0");
    zone(root, "1", "BIG_CPU", "14000000");
    zone(root, "2", "LITTLE_CLUSTER", "6000000");
    zone(root, "3", "GPU", "9000000");
    zone(root, "4", "DDR", "5000000");
    const auto source = std::move(open_scmi_powercap(root.host())).value();
    double total_w = 0;
    const std::vector<Channel> channels(source->channels().begin(), source->channels().end());
    for (const std::uint32_t c : find_cover(channels).total)
      total_w += 1e-6 * static_cast<double>(read_one(*source, channels[c].id).count);
    EXPECT_DOUBLE_EQ(total_w, is_monitored ? 45 : 34);
  }
}

TEST(ScmiPowercap, AZoneThatCountsIsACounter) {
  FakeRoot root;
  zone(root, "0", "soc", "24000000");
  root.write("/sys/class/powercap/arm-scmi:0/energy_uj", "123456\n");
  root.write("/sys/class/powercap/arm-scmi:0/max_energy_range_uj", "4294967295\n");
  const auto source = std::move(open_scmi_powercap(root.host())).value();
  EXPECT_THAT(ids(*source), ElementsAre("scmi_powercap/soc-0/energy"));
  EXPECT_EQ(source->channels()[0].range, 4'294'967'295U);
  EXPECT_EQ(source->channels()[0].domain, Domain::package);
}

TEST(ScmiPowercap, SaysWhyNot) {
  FakeRoot root;
  EXPECT_EQ(open_scmi_powercap(root.host()).error().kind, ErrorKind::absent);
  zone(root, "0", "soc", "");
  EXPECT_EQ(open_scmi_powercap(root.host()).error().kind, ErrorKind::unsupported);
}

}  // namespace
}  // namespace impact::test
