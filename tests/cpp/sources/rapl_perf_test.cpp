#include "impact/sources/rapl_perf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <map>

#include "cpp/sources/fake_root.hpp"
#include "fakes/random.hpp"

namespace impact {
OpenedSource open_rapl_perf(const Host&);
}

namespace impact::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr std::string_view kPmu = "/sys/bus/event_source/devices/power/";

void pmu(const FakeRoot& root, std::string_view cpumask,
         std::initializer_list<std::pair<std::string_view, int>> events) {
  const std::string base(kPmu);
  root.write(base + "type", "23\n");
  root.write(base + "cpumask", std::string(cpumask) + "\n");
  for (const auto& [name, number] : events) {
    const std::string file = base + "events/" + std::string(name);
    root.write(file, "event=0x0" + std::to_string(number) + "\n");
    root.write(file + ".scale", "2.3283064365386962890625e-10\n");
    root.write(file + ".unit", "Joules\n");
  }
}

// A kernel whose groups are pipes: each read takes the next group that the test put there.
struct Kernel {
  PerfOpener opener() {
    return [this](std::uint32_t type, std::span<const std::uint64_t> configs, unsigned cpu) -> Result<PerfGroup> {
      EXPECT_EQ(type, 23U);
      wanted[cpu].assign(configs.begin(), configs.end());
      int ends[2];
      if (pipe2(ends, O_NONBLOCK) != 0) throw std::runtime_error("pipe");
      in[cpu] = Descriptor{ends[1]};
      std::vector<Descriptor> events;
      events.emplace_back(ends[0]);
      for (const auto& group : first[cpu]) put(cpu, group);
      return PerfGroup{std::move(events)};
    };
  }
  void put(unsigned cpu, const std::vector<std::uint64_t>& values) {
    std::vector<std::uint64_t> words{values.size()};
    words.insert(words.end(), values.begin(), values.end());
    ASSERT_EQ(::write(in[cpu].get(), words.data(), words.size() * 8), static_cast<ssize_t>(words.size() * 8));
  }
  std::map<unsigned, std::vector<std::vector<std::uint64_t>>> first;  // groups that are there when the reader opens
  std::map<unsigned, std::vector<std::uint64_t>> wanted;
  std::map<unsigned, Descriptor> in;
};

// One processor of Intel with two dies, each of which has a counter.
void two_dies(FakeRoot& root) {
  root.intel();
  root.online("0-1");
  root.cpu(0, 0, 0);
  root.cpu(1, 0, 1);
  pmu(root, "0,1", {{"energy-pkg", 2}});
}

void two_packages(FakeRoot& root) {
  root.online("0-1");
  root.cpu(0, 0);
  root.cpu(1, 1);
}

TEST(RaplPerf, OneGroupADieOrPackage) {
  FakeRoot root;
  root.intel();
  root.online("0-3");
  for (unsigned i = 0; i < 4; ++i) root.cpu(i, i % 2);  // even CPUs are socket 0, as on many servers
  pmu(root, "0-1", {{"energy-cores", 1}, {"energy-pkg", 2}, {"energy-ram", 3}});
  Kernel kernel;
  auto source = std::move(open_rapl_perf_with(root.host(), kernel.opener())).value();
  EXPECT_THAT(ids(*source), ElementsAre("rapl/package-0", "rapl/core-0", "rapl/dram-0", "rapl/package-1", "rapl/core-1",
                                        "rapl/dram-1"));
  EXPECT_THAT(kernel.wanted[0], ElementsAre(2, 1, 3));
  kernel.put(0, {100, 50, 20});
  kernel.put(1, {200, 60, 30});
  Sink sink;
  source->read(sink);
  ASSERT_EQ(sink.readings().size(), 6U);
  EXPECT_EQ(sink.readings()[0].count, 100);
  EXPECT_EQ(sink.readings()[5].count, 30);
  const Channel& c = channel_of(*source, "rapl/dram-1");
  EXPECT_DOUBLE_EQ(c.scale, 0x1p-32);
  EXPECT_EQ(c.range, 0U);
  EXPECT_EQ(c.device, "memory:1");
  // The kernel looks by itself every 164 s or 655 s, which is less often than the register wraps from 400 W on.
  for (const Channel& each : source->channels()) {
    const double least_range_j = 0x1p32 * 0x1p-16;
    EXPECT_GT(each.longest_pause, Duration{0});
    EXPECT_LT(each.max_power.value() * seconds(each.longest_pause), 0.5 * least_range_j);
  }
}

TEST(RaplPerf, SocketComesFromTheTopologyNotFromTheList) {
  FakeRoot root;
  root.intel();
  root.online("0,32");
  root.cpu(0, 1);
  root.cpu(32, 0);
  pmu(root, "0,32", {{"energy-pkg", 2}});
  Kernel kernel;
  auto source = std::move(open_rapl_perf_with(root.host(), kernel.opener())).value();
  EXPECT_THAT(ids(*source), ElementsAre("rapl/package-1", "rapl/package-0"));
}

TEST(RaplPerf, DiesOfIntelAreApartAndOfAmdOne) {
  FakeRoot root;
  two_dies(root);
  Kernel kernel;
  EXPECT_THAT(ids(*std::move(open_rapl_perf_with(root.host(), kernel.opener())).value()),
              ElementsAre("rapl/package-0-die-0", "rapl/package-0-die-1"));
  root.amd();
  auto amd = std::move(open_rapl_perf_with(root.host(), kernel.opener())).value();
  EXPECT_THAT(ids(*amd), ElementsAre("rapl/package-0"));
  EXPECT_EQ(amd->channels()[0].quality, Quality::modelled);
}

// What two dies of a package show while the reader looks whether they are one counter: it reads the first, the second and
// the first again. Each group begins at 0 where it was opened.
void put_looks(Kernel& kernel, std::uint64_t seed, bool is_one) {
  fakes::Random random(seed);
  std::uint64_t a = static_cast<std::uint64_t>(random.between(0, 1'000'000)), b = 0;
  for (int i = 0; i < 40; ++i) {
    kernel.first[0].push_back({a});
    kernel.first[1].push_back({b});
    if (random.between(0, 3) == 0) a += 40'000'000;  // a tick between the reads
    kernel.first[0].push_back({a});
    const auto step = static_cast<std::uint64_t>(random.between(1, 200'000'000));
    b = is_one ? a + step - kernel.first[0].front()[0] : b + step + static_cast<std::uint64_t>(random.between(1, 900));
    a += step;
  }
}

// One counter a package behind two dies, as some Intel processors have it: their sum would be twice the truth.
TEST(RaplPerf, DiesThatRepeatTheirPackageAreOneCounter) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const bool is_one : {true, false}) {
      FakeRoot root;
      two_dies(root);
      Kernel kernel;
      put_looks(kernel, seed, is_one);
      const auto source = std::move(open_rapl_perf_with(root.host(), kernel.opener())).value();
      if (is_one)
        EXPECT_THAT(ids(*source), ElementsAre("rapl/package-0")) << seed;
      else
        EXPECT_THAT(ids(*source), ElementsAre("rapl/package-0-die-0", "rapl/package-0-die-1")) << seed;
    }
  }
}

TEST(RaplPerf, PsysIsTheBoardsAndOnlyIfItCounts) {
  FakeRoot root;
  root.intel(142);
  two_packages(root);
  pmu(root, "0-1", {{"energy-pkg", 2}, {"energy-psys", 5}, {"energy-gpu", 4}});
  Kernel kernel;
  kernel.first[0] = {{0, 0, 0}, {5, 1, 9}};  // package, graphics, psys: moves at the second look
  auto source = std::move(open_rapl_perf_with(root.host(), kernel.opener())).value();
  EXPECT_THAT(ids(*source),
              UnorderedElementsAre("rapl/package-0", "rapl/uncore-0", "rapl/psys", "rapl/package-1", "rapl/uncore-1"));
  kernel.put(0, {10, 20, 30});
  kernel.put(1, {11, 21, 31});
  Sink sink;
  source->read(sink);
  ASSERT_EQ(sink.readings().size(), 5U);
  std::map<std::string, std::int64_t> counts;
  for (const Reading& r : sink.readings()) counts[source->channels()[r.channel].id] = r.count;
  EXPECT_EQ(counts["rapl/psys"], 30);
  EXPECT_EQ(counts["rapl/uncore-0"], 20);
  EXPECT_EQ(counts["rapl/uncore-1"], 21);
  Kernel dead;
  dead.first[0].assign(100, {7, 1, 0});
  EXPECT_THAT(ids(*std::move(open_rapl_perf_with(root.host(), dead.opener())).value()),
              ElementsAre("rapl/package-0", "rapl/uncore-0", "rapl/package-1", "rapl/uncore-1"));
}

TEST(RaplPerf, AFailedReadIsMissingAndSpoilsNoOtherPackage) {
  FakeRoot root;
  root.intel();
  two_packages(root);
  pmu(root, "0-1", {{"energy-pkg", 2}, {"energy-ram", 3}});
  Kernel kernel;
  auto source = std::move(open_rapl_perf_with(root.host(), kernel.opener())).value();
  kernel.in[0].close();  // end of file
  kernel.put(1, {200, 30});
  Sink sink;
  source->read(sink);
  ASSERT_EQ(sink.readings().size(), 4U);
  EXPECT_EQ(sink.readings()[0].quality, Quality::missing);
  EXPECT_EQ(sink.readings()[1].quality, Quality::missing);
  EXPECT_EQ(sink.readings()[2].count, 200);
}

TEST(RaplPerf, AMaskedCounterOfAGuestIsRefused) {
  FakeRoot root;
  root.intel(207, "Intel(R) Xeon(R) Processor", "fpu hypervisor");
  pmu(root, "0", {{"energy-pkg", 2}});
  Kernel kernel;
  kernel.first[0].assign(100, {0});
  const OpenedSource opened = open_rapl_perf_with(root.host(), kernel.opener());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::broken);
}

TEST(RaplPerf, WithoutPackageEventItIsUnsupported) {
  FakeRoot root;
  root.intel(207, "Intel(R) Xeon(R) Processor", "fpu hypervisor");
  pmu(root, "0", {{"energy-psys", 5}});
  Kernel kernel;
  const OpenedSource opened = open_rapl_perf_with(root.host(), kernel.opener());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(opened.error().what, HasSubstr("virtual machine"));
}

TEST(RaplPerf, GarbageInSysfsIsRefused) {
  for (const char* bad : {"scale", "unit", "event"}) {
    FakeRoot root;
    root.intel();
    pmu(root, "0", {{"energy-pkg", 2}});
    const auto event = [](const char* suffix) { return std::string(kPmu).append("events/energy-pkg").append(suffix); };
    if (bad == std::string("scale")) root.write(event(".scale"), "nan\n");
    if (bad == std::string("unit")) root.write(event(".unit"), "Watts\n");
    if (bad == std::string("event")) root.write(event(""), "event=zz\n");
    Kernel kernel;
    EXPECT_FALSE(open_rapl_perf_with(root.host(), kernel.opener()).ok()) << bad;
  }
  FakeRoot root;
  pmu(root, "0-", {{"energy-pkg", 2}});
  Kernel kernel;
  EXPECT_EQ(open_rapl_perf_with(root.host(), kernel.opener()).error().kind, ErrorKind::broken);
}

TEST(RaplPerf, ForbiddenNamesTheRemedy) {
  FakeRoot root;
  root.intel();
  pmu(root, "0", {{"energy-pkg", 2}});
  const PerfOpener closed = [](auto, auto, auto) -> Result<PerfGroup> {
    return Error{ErrorKind::forbidden, "perf_event_open on CPU 0: Permission denied", ""};
  };
  root.write("/proc/sys/kernel/perf_event_paranoid", "4\n");
  Error error = open_rapl_perf_with(root.host(), closed).error();
  EXPECT_THAT(error.what, HasSubstr("perf_event_paranoid is 4"));
  EXPECT_THAT(error.advice, HasSubstr("sudo sysctl kernel.perf_event_paranoid=0"));
  EXPECT_THAT(error.advice, HasSubstr("cap_perfmon"));
  root.write("/proc/sys/kernel/perf_event_paranoid", "-1\n");
  error = open_rapl_perf_with(root.host(), closed).error();
  EXPECT_THAT(error.advice, HasSubstr("--cap-add PERFMON"));
}

TEST(RaplPerf, OnlyX86HasAModuleToLoad) {
  FakeRoot root;
  const PerfOpener never = [](auto, auto, auto) -> Result<PerfGroup> { return Error{ErrorKind::broken, "", ""}; };
  root.intel();
  EXPECT_THAT(open_rapl_perf_with(root.host(), never).error().advice, HasSubstr("modprobe rapl"));
  root.arm();
  EXPECT_EQ(open_rapl_perf_with(root.host(), never).error().kind, ErrorKind::absent);
  EXPECT_EQ(open_rapl_perf_with(root.host(), never).error().advice, "");
}

TEST(RaplPerf, AFakeRootNeverReadsTheRealKernel) {
  FakeRoot root;
  root.intel();
  pmu(root, "0", {{"energy-pkg", 2}});
  EXPECT_EQ(open_rapl_perf(root.host()).error().kind, ErrorKind::absent);
}

}  // namespace
}  // namespace impact::test
