#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpp/sources/fake_root.hpp"
#include "fakes/random.hpp"
#include "impact/host/meminfo.hpp"
#include "impact/sources/cpu_info.hpp"
#include "impact/sources/proc_stat.hpp"
#include "impact/sources/tdp_table.hpp"

namespace impact {
OpenedSource open_cpu_model(const Host&);
OpenedSource open_ram_model(const Host&);
OpenedSource open_cpu_state(const Host&);
}  // namespace impact

namespace impact::test {
namespace {

using testing::ElementsAre;

constexpr std::string_view kMeminfo =
    "MemTotal:       100000000 kB\nMemFree:  1000 kB\nMemAvailable:   60000000 kB\nBuffers: 1 kB\n";

// Two sockets of 150 W and 40 threads, as the table knows the Gold 6248.
void two_sockets(const FakeRoot& root) {
  root.intel();
  root.online("0-79");
  root.cpu(0, 0);
  root.cpu(40, 1);
  root.write("/sys/devices/system/cpu/cpu0/topology/die_cpus_list", "0-39\n");
  root.write("/sys/devices/system/cpu/cpu40/topology/die_cpus_list", "40-79\n");
  root.write("/proc/stat", "cpu  1000 200 300 999999 5 60 70 8 900 0\ncpu0 0 0 0 0\n");
}

TEST(Tdp, FindsThePartByWholeWords) {
  EXPECT_EQ(normalise_cpu_name("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz"), "xeon gold 6248");
  EXPECT_EQ(find_tdp("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz")->watts, 150);
  EXPECT_EQ(find_tdp("Intel(R) Xeon(R) Gold 6248R CPU @ 3.00GHz")->watts, 205);
  EXPECT_EQ(find_tdp("AMD EPYC 7763 64-Core Processor")->watts, 280);
  EXPECT_EQ(find_tdp("AMD Ryzen 9 5950X 16-Core Processor")->watts, 105);
  EXPECT_EQ(find_tdp("12th Gen Intel(R) Core(TM) i7-12700K")->watts, 125);
  EXPECT_EQ(find_tdp("Intel(R) Xeon(R) CPU E5-2640 v3 @ 2.60GHz")->watts, 90);
  EXPECT_EQ(find_tdp("AMD Ryzen Threadripper PRO 5995WX 64-Cores")->threads, 128U);
  EXPECT_FALSE(find_tdp("Intel(R) Xeon(R) Processor"));
  EXPECT_FALSE(find_tdp(""));
}

TEST(Tdp, TableIsSane) {
  std::vector<std::string_view> keys;
  for (const TdpEntry& e : tdp_table()) {
    EXPECT_EQ(normalise_cpu_name(e.key), e.key);
    EXPECT_GT(e.watts / e.threads, 0.5) << e.key;
    EXPECT_LT(e.watts / e.threads, 25) << e.key;
    keys.push_back(e.key);
  }
  std::ranges::sort(keys);
  EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
  EXPECT_GT(default_watts_per_thread(), 2);
  EXPECT_LT(default_watts_per_thread(), 8);
}

TEST(CpuModel, IsIdlePlusLoad) {
  FakeRoot root;
  two_sockets(root);
  auto source = std::move(open_cpu_model(root.host())).value();
  root.clock.now_ns = 10'000'000'000;
  const Reading a = read_one(*source, "cpu_model/package");
  // 300 W in all, 60 W at rest; 80 CPUs: 3 W each when busy. busy = 1000+200+300+60+70 jiffies; 8 more were stolen.
  EXPECT_EQ(a.count, std::llround(1e6 * (60 * 10 + 3 * 16.3)));
  EXPECT_EQ(a.quality, Quality::modelled);
  root.clock.now_ns = 20'000'000'000;
  root.write("/proc/stat", "cpu  81000 200 300 999999 5 60 70 8 900 0\ncpu0 0 0 0 0\n");  // all 80 CPUs for 10 s
  EXPECT_EQ(read_one(*source, "cpu_model/package").count - a.count, 3'000'000'000);       // 300 W for 10 s
  EXPECT_EQ(source->channels()[0].device, "cpu");
  EXPECT_GT(source->channels()[0].relative_error, 0);
}

// A hypervisor that runs others on the guest's CPUs takes their energy along with the time.
TEST(CpuModel, StolenTimeIsNotCharged) {
  FakeRoot root;
  root.amd("AMD EPYC 7763 64-Core Processor", "fpu hypervisor");
  root.online("0-3");
  for (unsigned i = 0; i < 4; ++i) root.cpu(i, i);
  fakes::Random random(20'261'130);
  root.write("/proc/stat", "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0\n");
  auto source = std::move(open_cpu_model(root.host())).value();
  const double most_w = 280.0 / 128 * 4;
  for (std::int64_t worked = 0, stolen = 0, i = 1; i <= 50; ++i) {
    worked += random.between(0, 400);
    stolen += random.between(0, 400);
    root.clock.now_ns = i * 1'000'000'000;
    root.write("/proc/stat", "cpu  " + std::to_string(worked) + " 0 0 100 0 0 0 " + std::to_string(stolen) + " 0 0\n");
    const double truth_j =
        0.2 * most_w * static_cast<double>(i) + 0.8 * most_w / 4 * 0.01 * static_cast<double>(worked);
    EXPECT_NEAR(static_cast<double>(read_one(*source, "cpu_model/package").count), 1e6 * truth_j, 1.0);
  }
}

TEST(CpuModel, AGuestIsChargedItsShare) {
  FakeRoot root;
  root.amd("AMD EPYC 7763 64-Core Processor", "fpu hypervisor");
  root.online("0-3");
  for (unsigned i = 0; i < 4; ++i) root.cpu(i, i);  // virtual sockets
  root.write("/proc/stat", "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0\n");
  auto source = std::move(open_cpu_model(root.host())).value();
  root.clock.now_ns = 1'000'000'000;
  EXPECT_EQ(read_one(*source, "cpu_model/package").count, std::llround(1e6 * 0.2 * 280.0 / 128 * 4));
}

TEST(CpuModel, AnUnknownPartIsChargedTheMedianAndALargerError) {
  FakeRoot root;
  two_sockets(root);
  const double known = std::move(open_cpu_model(root.host())).value()->channels()[0].relative_error;
  root.intel(207, "Intel(R) Xeon(R) Processor");
  auto source = std::move(open_cpu_model(root.host())).value();
  EXPECT_GT(source->channels()[0].relative_error, known);
  root.write("/proc/stat", "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0\n");
  auto fresh = std::move(open_cpu_model(root.host())).value();
  root.clock.now_ns = 1'000'000'000;
  EXPECT_EQ(read_one(*fresh, "cpu_model/package").count, std::llround(1e6 * 0.2 * 80 * default_watts_per_thread()));
}

TEST(CpuModel, AStepBackDoesNoHarm) {
  FakeRoot root;
  two_sockets(root);
  auto source = std::move(open_cpu_model(root.host())).value();
  const Reading a = read_one(*source, "cpu_model/package");
  root.write("/proc/stat", "cpu  992 200 300 999999 5 60 70 8 900 0\n");  // a CPU was switched off
  EXPECT_EQ(read_one(*source, "cpu_model/package").count, a.count);
  root.write("/proc/stat", "cpu  10 0 0 100 0 0 0 0 0 0\n");         // began anew
  EXPECT_EQ(read_one(*source, "cpu_model/package").count, a.count);  // within a second of 80 CPUs: held
  root.write("/proc/stat", "cpu  900000 0 0 100 0 0 0 0 0 0\n");
  const Reading high = read_one(*source, "cpu_model/package");
  root.write("/proc/stat", "cpu  10 0 0 100 0 0 0 0 0 0\n");
  EXPECT_LT(read_one(*source, "cpu_model/package").count, high.count);
}

TEST(CpuModel, GarbageIsMissing) {
  FakeRoot root;
  two_sockets(root);
  auto source = std::move(open_cpu_model(root.host())).value();
  for (const char* text : {"", "cpu\n", "cpu  \n", "cpu  1 2 3\n", "cpu  1 2 3 4", "cpu  1 -2 3 4 5\n",
                           "cpu  1 2 nan 4 5\n", "intr 1 2 3 4\n"}) {
    root.write("/proc/stat", text);
    EXPECT_EQ(read_one(*source, "cpu_model/package").quality, Quality::missing) << text;
  }
  root.remove("/proc/stat");
  EXPECT_FALSE(open_cpu_model(root.host()).ok());
}

TEST(RamModel, ByModulesElseByGigabytes) {
  FakeRoot root;
  root.write("/proc/meminfo", kMeminfo);
  root.clock.now_ns = 1'000'000'000;
  auto by_gb = std::move(open_ram_model(root.host())).value();
  EXPECT_EQ(read_one(*by_gb, "ram_model/dram").count, std::llround(1e6 * 0.3725 * 102.4));
  EXPECT_EQ(by_gb->channels()[0].domain, Domain::dram);
  for (const char* slot : {"mc0/dimm0", "mc0/dimm3", "mc1/dimm0"}) {
    root.write("/sys/devices/system/edac/mc/" + std::string(slot) + "/size", "32768\n");
  }
  root.write("/sys/devices/system/edac/mc/mc1/dimm1/size", "0\n");
  auto by_module = std::move(open_ram_model(root.host())).value();
  EXPECT_EQ(read_one(*by_module, "ram_model/dram").count, 12'000'000);
  root.clock.now_ns = 3'000'000'000;
  EXPECT_EQ(read_one(*by_module, "ram_model/dram").count, 36'000'000);
}

TEST(RamModel, RefusesNonsense) {
  FakeRoot root;
  EXPECT_FALSE(open_ram_model(root.host()).ok());
  for (const char* text : {"", "MemTotal: -5 kB\n", "MemTotal: x kB\n", "MemTotal: 100 MB\n", "MemTotal: 0 kB\n"}) {
    root.write("/proc/meminfo", text);
    EXPECT_FALSE(open_ram_model(root.host()).ok()) << text;
  }
}

TEST(CpuState, ReadsTimeAndMemory) {
  FakeRoot root;
  two_sockets(root);
  root.write("/proc/meminfo", kMeminfo);
  root.write("/proc/self/statm", "5000 1200 300 1 0 500 0\n");
  auto source = std::move(open_cpu_state(root.host())).value();
  EXPECT_THAT(ids(*source), ElementsAre("cpu_state/cpu_time", "cpu_state/memory_used", "cpu_state/rss"));
  EXPECT_EQ(read_one(*source, "cpu_state/cpu_time").count, 1630);
  EXPECT_EQ(channel_of(*source, "cpu_state/cpu_time").unit, Unit::second);
  EXPECT_EQ(read_one(*source, "cpu_state/memory_used").count, 40'000'000LL * 1024);
  EXPECT_EQ(read_one(*source, "cpu_state/rss").count % 1200, 0);
  for (const Channel& c : source->channels()) EXPECT_EQ(c.update_period, std::chrono::seconds{1});
  root.write("/proc/meminfo", "MemTotal: 5 kB\n");
  EXPECT_EQ(read_one(*source, "cpu_state/memory_used").quality, Quality::missing);
  root.write("/proc/self/statm", "garbage\n");
  EXPECT_EQ(read_one(*source, "cpu_state/rss").quality, Quality::missing);
}

TEST(CpuState, WorksOnThisMachine) {
  auto opened = open_cpu_state(Host{});
  ASSERT_TRUE(opened.ok());
  auto source = std::move(opened).value();
  EXPECT_GT(read_one(*source, "cpu_state/cpu_time").count, 0);
  EXPECT_GT(read_one(*source, "cpu_state/rss").count, 1 << 20);
}

TEST(CpuInfo, KnowsArmCoresByPart) {
  FakeRoot root;
  root.arm("0x41", "0xd4f");
  EXPECT_EQ(read_cpu_info(root.host()).name, "Neoverse-V2");
  EXPECT_EQ(read_cpu_info(root.host()).vendor, Vendor::arm);
  root.arm("0x4e", "0x004");
  EXPECT_EQ(read_cpu_info(root.host()).name, "Carmel");
  root.arm("0x41", "0xfff");
  EXPECT_EQ(read_cpu_info(root.host()).name, "");
}

TEST(CpuInfo, AnArmModelNameThatSaysNothingGivesWay) {
  FakeRoot root;
  root.arm("0x41", "0xd42", "ARMv8 Processor rev 1 (v8l)");  // as NVIDIA's kernels for Jetson write it
  EXPECT_EQ(read_cpu_info(root.host()).name, "Cortex-A78AE");
  root.arm("0x99", "0x001", "ARMv8 Processor rev 1 (v8l)");
  EXPECT_EQ(read_cpu_info(root.host()).name, "ARMv8 Processor rev 1 (v8l)");
  root.arm("0x41", "0xd0c", "Ampere(R) Altra(R) Processor");
  EXPECT_EQ(read_cpu_info(root.host()).name, "Ampere(R) Altra(R) Processor");
}

}  // namespace
}  // namespace impact::test
