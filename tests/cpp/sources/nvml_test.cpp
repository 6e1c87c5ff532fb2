#ifdef IMPACT_FAKE_NVML_LIBRARY

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "cpp/sources/fake_root.hpp"
#include "impact/sources/domain_tree.hpp"
#include "impact/sources/nvml_clients.hpp"
#include "impact/sources/nvml_library.hpp"

namespace impact {
OpenedSource open_nvml(const Host&, const SourceSettings& = {});
OpenedSource open_nvml_power(const Host&, const SourceSettings& = {});
OpenedSource open_nvml_state(const Host&, const SourceSettings& = {});
OpenedSource open_nvml_late(const Host&, const SourceSettings& = {});
}  // namespace impact

namespace impact::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

// A copy of the fake driver of its own, so that each test configures it anew.
class NvmlTest : public testing::Test {
 protected:
  void SetUp() override { setenv("IMPACT_TRACKER_NVML", root.path("/libnvidia-ml.so.1").c_str(), 1); }
  void TearDown() override {
    unsetenv("IMPACT_TRACKER_NVML");
    unsetenv("IMPACT_FAKE_NVML");
  }
  void gpus(const std::string& list, const std::string& more = "") {
    std::filesystem::copy_file(IMPACT_FAKE_NVML_LIBRARY, root.path("/libnvidia-ml.so.1"),
                               std::filesystem::copy_options::overwrite_existing);
    setenv("IMPACT_FAKE_NVML", ("{\"epoch_ns\": 0, \"gpus\": [" + list + "]" + more + "}").c_str(), 1);
  }
  Host host() const { return {root.path("/"), &system_clock()}; }
  FakeRoot root;
};

TEST_F(NvmlTest, ReadsTheEnergyCounterOfEachGpu) {
  gpus(
      R"({"arch": "hopper", "uuid": "GPU-aa", "curve": "constant:500"}, {"arch": "volta", "uuid": "GPU-bb", "curve": "constant:200"})");
  auto source = std::move(open_nvml(host())).value();
  EXPECT_THAT(ids(*source), ElementsAre("nvml/GPU-aa/energy", "nvml/GPU-bb/energy"));
  const Reading a = read_one(*source, "nvml/GPU-aa/energy");
  std::this_thread::sleep_for(std::chrono::milliseconds{200});
  const Reading b = read_one(*source, "nvml/GPU-aa/energy");
  const double joules = static_cast<double>(b.count - a.count) * channel_of(*source, "nvml/GPU-aa/energy").scale;
  EXPECT_NEAR(joules / seconds(b.after - a.before), 500, 110);  // the fake's counter moves every 20 ms
  EXPECT_EQ(channel_of(*source, "nvml/GPU-bb/energy").update_period, std::chrono::milliseconds{20});
  EXPECT_EQ(channel_of(*source, "nvml/GPU-aa/energy").range, 0U);
  EXPECT_EQ(channel_of(*source, "nvml/GPU-aa/energy").device, "gpu:GPU-aa");
  EXPECT_TRUE(is_fast(*source));
}

// A board that begins at 200 W and is set to 700 W later, as a sweep over power limits does: what it draws then is no
// reset of its counter.
TEST_F(NvmlTest, ALimitThatIsRaisedLaterMakesNoReset) {
  gpus(
      R"({"arch": "hopper", "uuid": "GPU-s", "curve": "constant:700", "power_limit_w": 200, "most_limit_w": 700},
         {"arch": "hopper", "uuid": "GPU-o", "curve": "constant:650", "power_limit_w": 700,
          "fail": [{"call": "PowerManagementLimitConstraints", "code": 3}]})");
  auto source = std::move(open_nvml(host())).value();
  EXPECT_DOUBLE_EQ(channel_of(*source, "nvml/GPU-s/energy").max_power.value(), 2100);
  EXPECT_DOUBLE_EQ(channel_of(*source, "nvml/GPU-o/energy").max_power.value(), 2100);
}

TEST_F(NvmlTest, PowerWhereThereIsNoCounter) {
  gpus(
      R"({"arch": "pascal", "uuid": "GPU-p", "curve": "constant:150"}, {"arch": "ampere", "uuid": "GPU-a", "counter": false, "curve": "constant:90"})");
  EXPECT_EQ(open_nvml(host()).error().kind, ErrorKind::unsupported);
  auto source = std::move(open_nvml_power(host())).value();
  EXPECT_THAT(ids(*source), ElementsAre("nvml/GPU-p/power", "nvml/GPU-a/power"));
  std::this_thread::sleep_for(std::chrono::milliseconds{250});  // the rings get samples
  EXPECT_EQ(read_one(*source, "nvml/GPU-p/power").count, 150'000);
  EXPECT_EQ(channel_of(*source, "nvml/GPU-p/power").window, std::chrono::milliseconds{10});
  EXPECT_EQ(channel_of(*source, "nvml/GPU-a/power").window, std::chrono::milliseconds{100});
  EXPECT_EQ(channel_of(*source, "nvml/GPU-a/power").unit, Unit::watt);
  EXPECT_DOUBLE_EQ(channel_of(*source, "nvml/GPU-p/power").relative_error, 0.05 + 0.25);
  EXPECT_DOUBLE_EQ(channel_of(*source, "nvml/GPU-a/power").relative_error, 0.05);
  EXPECT_FALSE(is_fast(*source));
}

TEST_F(NvmlTest, AnOldLibraryIsAskedFieldByField) {
  gpus(R"({"arch": "turing", "uuid": "GPU-t", "counter": false, "samples": null, "curve": "constant:77",
           "fail": [{"call": "FieldValues", "code": 3}]},
          {"arch": "hopper", "uuid": "GPU-h", "samples": null, "curve": "constant:500"})");
  auto source = std::move(open_nvml_power(host())).value();
  EXPECT_EQ(read_one(*source, "nvml/GPU-t/power").count, 77'000);
  EXPECT_EQ(read_one(*source, "nvml/GPU-h/power").count, 500'000);  // the second's mean, shifted
}

TEST_F(NvmlTest, AModuleIsBelievedOfASuperchipAlone) {
  gpus(R"({"arch": "hopper", "uuid": "GPU-g", "name": "NVIDIA GH200 480GB", "curve": "constant:300",
           "module_curve": "constant:550"})");
  auto on_x86 = std::move(open_nvml_power(host())).value();
  EXPECT_THAT(ids(*on_x86), ElementsAre("nvml/GPU-g/power"));
  root.write("/proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\n");
  auto source = std::move(open_nvml_power(host())).value();
  EXPECT_EQ(read_one(*source, "nvml/GPU-g/module_power").count, 550'000);
  const std::vector<Channel> channels(source->channels().begin(), source->channels().end());
  const Cover cover = find_cover(channels);
  EXPECT_THAT(cover.total, ElementsAre(1U));
  EXPECT_FALSE(cover.partial());
}

// Each GPU of a module that holds two tells the whole module: their sum would count it twice.
TEST_F(NvmlTest, AModuleOfTwoGpusIsNotCountedTwice) {
  gpus(
      R"({"arch": "hopper", "uuid": "GPU-0", "name": "NVIDIA GB200", "curve": "constant:900", "module_curve": "constant:2200"},
          {"arch": "hopper", "uuid": "GPU-1", "name": "NVIDIA GB200", "curve": "constant:900", "module_curve": "constant:2200"})");
  root.write("/proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\n");
  auto source = std::move(open_nvml_power(host())).value();
  EXPECT_THAT(ids(*source), ElementsAre("nvml/GPU-0/power", "nvml/GPU-1/power"));
}

TEST_F(NvmlTest, ACounterThatStaysZeroIsNotBelieved) {
  gpus(R"({"arch": "ampere", "uuid": "GPU-z", "counter_gain": 0, "start_j": 0, "curve": "constant:120"})");
  EXPECT_EQ(open_nvml(host()).error().kind, ErrorKind::unsupported);
  auto source = std::move(open_nvml_power(host())).value();
  EXPECT_THAT(ids(*source), ElementsAre("nvml/GPU-z/power"));
}

TEST_F(NvmlTest, AFailingGpuSpoilsNoOther) {
  gpus(R"({"uuid": "GPU-ok", "curve": "constant:100"},
          {"uuid": "GPU-lost", "fail": [{"call": "HandleByIndex"}]},
          {"uuid": "GPU-mute", "fail": [{"call": "TotalEnergyConsumption"}, {"call": "PowerUsage"}]})");
  auto source = std::move(open_nvml(host())).value();
  EXPECT_THAT(ids(*source), ElementsAre("nvml/GPU-ok/energy"));
}

TEST_F(NvmlTest, AGpuThatFallsOffTheBusIsMissing) {
  const double soon = static_cast<double>(nanoseconds(system_clock().now())) * 1e-9 + 0.25;
  gpus(R"({"uuid": "GPU-ok", "curve": "constant:100"}, {"uuid": "GPU-x", "fail": [{"call": "*", "from_s": )" +
       std::to_string(soon) + "}]}");
  auto source = std::move(open_nvml(host())).value();
  ASSERT_EQ(source->channels().size(), 2U);
  while (static_cast<double>(nanoseconds(system_clock().now())) * 1e-9 < soon)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  EXPECT_EQ(read_one(*source, "nvml/GPU-x/energy").quality, Quality::missing);
  EXPECT_EQ(read_one(*source, "nvml/GPU-ok/energy").quality, Quality::measured);
}

// The driver samples processes a few times a second. A look before the next sample does not make the GPU nobody's.
TEST_F(NvmlTest, BetweenTwoSamplesAGpuThatWorksStaysItsUsers) {
  gpus(R"({"uuid": "GPU-busy", "utilization": "constant:80", "processes": [{"pid": 7, "sm": 60}, {"pid": 8, "sm": 20}]},
          {"uuid": "GPU-rest", "utilization": "constant:0", "processes": [{"pid": 7, "sm": 60}]})");
  const auto reader = std::move(nvml::ClientReader::open(host())).value();
  int at_rest = 0;
  for (int round = 0; round < 10; ++round) {
    ASSERT_TRUE(reader->clients(0) && reader->clients(1));
    const auto busy = reader->clients(0), rest = reader->clients(1);  // hardly ever is there a sample in between
    ASSERT_TRUE(busy && rest);
    ASSERT_EQ(busy->size(), 2U) << round;
    EXPECT_EQ(busy->front().pids, std::vector<int>{7});
    EXPECT_DOUBLE_EQ(busy->front().part, 0.6);
    at_rest += rest->empty() ? 1 : 0;
    std::this_thread::sleep_for(std::chrono::milliseconds{170});
  }
  EXPECT_GT(at_rest, 5);
}

TEST_F(NvmlTest, StateIsAskedOnceASecondAndAddsNothing) {
  gpus(
      R"({"arch": "hopper", "uuid": "GPU-h", "utilization": "constant:40", "temperature_c": 61, "sm_clock_mhz": 1980, "curve": "constant:300"},
          {"arch": "ga100", "uuid": "GPU-m", "mig": ["MIG-1"]})");
  auto source = std::move(open_nvml_state(host())).value();
  EXPECT_THAT(ids(*source), UnorderedElementsAre("nvml/GPU-h/utilisation", "nvml/GPU-h/memory_used",
                                                 "nvml/GPU-h/temperature", "nvml/GPU-h/clock", "nvml/GPU-m/memory_used",
                                                 "nvml/GPU-m/temperature", "nvml/GPU-m/clock"));
  EXPECT_EQ(read_one(*source, "nvml/GPU-h/utilisation").count, 40);
  EXPECT_EQ(read_one(*source, "nvml/GPU-h/temperature").count, 61);
  EXPECT_EQ(read_one(*source, "nvml/GPU-h/clock").count, 1980);
  for (const Channel& c : source->channels()) EXPECT_EQ(c.update_period, std::chrono::seconds{1});

  auto energy = std::move(open_nvml(host())).value();
  auto power = std::move(open_nvml_power(host())).value();
  std::vector<Channel> all(energy->channels().begin(), energy->channels().end());
  all.insert(all.end(), power->channels().begin(), power->channels().end());
  all.insert(all.end(), source->channels().begin(), source->channels().end());
  const Cover cover = find_cover(all);
  EXPECT_THAT(cover.total, ElementsAre(0U, 1U));
}

TEST_F(NvmlTest, SaysWhatKeepsItFromStarting) {
  gpus("", R"(, "init_error": 9)");
  EXPECT_EQ(open_nvml(host()).error().kind, ErrorKind::absent);
  EXPECT_THAT(open_nvml(host()).error().what, HasSubstr("not loaded"));
  setenv("IMPACT_TRACKER_NVML", root.path("/absent.so").c_str(), 1);
  EXPECT_THAT(open_nvml(host()).error().what, HasSubstr("no NVIDIA driver"));
  root.write("/text.so", "not a library");
  setenv("IMPACT_TRACKER_NVML", root.path("/text.so").c_str(), 1);
  EXPECT_EQ(open_nvml(host()).error().kind, ErrorKind::absent);
  unsetenv("IMPACT_TRACKER_NVML");
  EXPECT_EQ(open_nvml(host()).error().kind, ErrorKind::absent);
}

// The module is loaded while the program runs, or its device files become readable, or the fabric manager comes up.
TEST_F(NvmlTest, ADriverThatIsNotReadyIsTakenUpOnceItIs) {
  ManualClock clock;
  clock.now_ns = 1'000'000'000'000;
  root.write("/sys/bus/pci/devices/0000:65:00.0/class", "0x030200\n");
  root.write("/sys/bus/pci/devices/0000:65:00.0/vendor", "0x10de\n");
  for (const int not_ready : {9, 4, 999}) {
    SCOPED_TRACE(not_ready);
    const std::string library = root.path("/driver-" + std::to_string(not_ready) + ".so").string();
    std::filesystem::copy_file(IMPACT_FAKE_NVML_LIBRARY, library);
    setenv("IMPACT_TRACKER_NVML", library.c_str(), 1);
    setenv("IMPACT_FAKE_NVML", ("{\"init_error\": " + std::to_string(not_ready) + "}").c_str(), 1);
    const Host late{root.path("/"), &clock};
    ASSERT_FALSE(open_nvml(late));
    auto source = std::move(open_nvml_late(late)).value();
    EXPECT_THAT(ids(*source), ElementsAre("nvml_late/pci-0000:65:00.0/energy"));
    EXPECT_EQ(source->channels()[0].device, "gpu:pci-0000:65:00.0");
    EXPECT_FALSE(is_fast(*source));
    for (int i = 0; i < 3; ++i, clock.now_ns += 3'000'000'000)
      EXPECT_EQ(read_one(*source, "nvml_late/pci-0000:65:00.0/energy").quality, Quality::missing);
    setenv("IMPACT_FAKE_NVML",
           R"({"gpus": [{"arch": "hopper", "pci": "00000000:65:00.0", "curve": "constant:500", "start_j": 5000}]})", 1);
    EXPECT_EQ(read_one(*source, "nvml_late/pci-0000:65:00.0/energy").quality, Quality::measured);
    EXPECT_EQ(open_nvml_late(late).error().kind, ErrorKind::shadowed);
  }
}

TEST_F(NvmlTest, WithoutACardNothingIsWaitedFor) {
  gpus("", R"(, "init_error": 9)");
  EXPECT_EQ(open_nvml_late(host()).error().kind, ErrorKind::absent);
  root.write("/dev/nvidia0", "");
  EXPECT_TRUE(open_nvml_late(host()));
  setenv("IMPACT_TRACKER_NVML", root.path("/absent.so").c_str(), 1);
  EXPECT_FALSE(open_nvml_late(host()));  // what is not installed does not become ready
}

TEST_F(NvmlTest, ADriverWithoutGpusIsAbsent) {
  gpus("");
  EXPECT_EQ(open_nvml(host()).error().kind, ErrorKind::absent);
}

TEST_F(NvmlTest, KnowsTheGpuOnItsBus) {
  gpus(R"({"arch": "ga100", "pci": "00000000:65:00.0"})");
  const auto library = std::move(nvml::Nvml::open(host())).value();
  ASSERT_EQ(library->gpus().size(), 1U);
  EXPECT_EQ(library->gpus()[0].pci, "0000:65:00.0");
  EXPECT_TRUE(library->gpus()[0].ga100);
  EXPECT_EQ(library->gpus()[0].driver, 550U);
  EXPECT_EQ(nvml::sensing_of(library->gpus()[0]).usage.window, std::chrono::milliseconds{25});
  EXPECT_DOUBLE_EQ(nvml::sensing_of(library->gpus()[0]).instant.unseen(), 0.75);
}

}  // namespace
}  // namespace impact::test

#endif
