#include "impact/attribution/usage_source.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <set>

#include "cpp/sources/fake_root.hpp"
#include "fakes/random.hpp"
#include "impact/attribution/gpu_usage.hpp"
#include "impact/host/process_id.hpp"

namespace impact {
namespace {

using testing::ElementsAre;

// Two packages of two CPUs, and a process 10 with one thread on each package.
struct Machine : test::FakeRoot {
  Machine() {
    write("/proc/meminfo", "MemTotal: 1000 kB\nMemFree: 300 kB\nMemAvailable: 600 kB\n");
    thread(10, 10, 100, 0);
    write("/proc/10/statm", "100 25 5 1 0 20 0\n");
    busy({100, 100, 100, 100});
  }
  void thread(int pid, int thread, int ticks, int cpu) const {
    const std::string line = std::to_string(thread) + " (x) S 1 1 1 0 -1 0 1 2 3 4 " + std::to_string(ticks) +
                             " 0 0 0 20 0 1 0 7 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 " + std::to_string(cpu) + " 0\n";
    const std::string folder = "/proc/" + std::to_string(pid);
    if (pid == thread) write(folder + "/stat", line);
    write(folder + "/task/" + std::to_string(thread) + "/stat", line);
    write(folder + "/task/" + std::to_string(thread) + "/children", "");
  }
  void process(int ticks) const {  // the sum over its threads
    const std::string line = "10 (x) S 1 1 1 0 -1 0 1 2 3 4 " + std::to_string(ticks) +
                             " 0 0 0 20 0 1 0 7 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 0 0\n";
    write("/proc/10/stat", line);
  }
  void busy(const std::vector<int>& ticks) const {
    std::string text;
    int sum = 0;
    for (std::size_t cpu = 0; cpu < ticks.size(); ++cpu) {
      text += "cpu" + std::to_string(cpu) + " " + std::to_string(ticks[cpu]) + " 0 0 50 3 0 0 9 0 0\n";
      sum += ticks[cpu];
    }
    write("/proc/stat", "cpu  " + std::to_string(sum) + " 0 0 200 12 0 0 36 0 0\n" + text + "intr 1 2 3\n");
  }
  // A source rests after a look that took long, as the first may on a slow machine.
  void later() const { clock.now_ns += 600'000'000'000; }
  static CpuMap two_packages() { return {{{0, 0}, {1, 0}, {2, 1}, {3, 1}}, {}, {0, 1}}; }

  std::unique_ptr<UsageSource> open(CpuMap map = two_packages(), UsageOptions options = {}) const {
    auto use = std::move(ConsumerUse::open(host(), {Scope::process, 10, false})).value();
    auto machine = std::move(MachineTime::open(host(), std::move(map))).value();
    return std::make_unique<UsageSource>(host(), std::move(use), std::move(machine), options);
  }
};

std::map<std::string, double> values(UsageSource& source) {
  Sink sink;
  source.read(sink);
  std::map<std::string, double> found;
  for (const Reading& r : sink.readings()) {
    const Channel& c = source.channels()[r.channel];
    found[c.id] = r.quality == Quality::missing ? std::nan("") : static_cast<double>(r.count) * c.scale;
  }
  return found;
}

TEST(UsageSource, DividesTheConsumersTimeByWhereItsThreadsRan) {
  Machine machine;
  machine.thread(10, 10, 100, 0);
  machine.thread(10, 11, 0, 2);
  const auto source = machine.open();
  values(*source);
  machine.later();
  machine.thread(10, 10, 130, 0);
  machine.thread(10, 11, 90, 3);
  machine.process(100 + 120);
  machine.busy({140, 100, 150, 160});
  auto now = values(*source);
  EXPECT_NEAR(now.at("usage/own_cpu:0"), 0.30, 1e-9);
  EXPECT_NEAR(now.at("usage/own_cpu:1"), 0.90, 1e-9);
  EXPECT_NEAR(now.at("usage/own_cpu"), 1.20, 1e-9);
  EXPECT_NEAR(now.at("usage/all_cpu:0"), 2.40, 1e-9);
  EXPECT_NEAR(now.at("usage/all_cpu:1"), 3.10, 1e-9);
  EXPECT_NEAR(now.at("usage/all_cpu"), 5.50, 1e-9);
}

TEST(UsageSource, CpusOfOnePackageNeedNoLookAtThreads) {
  Machine machine;
  machine.write("/proc/10/status", "Name:\tx\nCpus_allowed:\tc\nCpus_allowed_list:\t2-3\n");
  const auto source = machine.open();
  values(*source);
  machine.later();
  machine.process(150);
  const auto now = values(*source);
  EXPECT_NEAR(now.at("usage/own_cpu:0"), 0.0, 1e-9);
  EXPECT_NEAR(now.at("usage/own_cpu:1"), 0.5, 1e-9);
  EXPECT_NEAR(now.at("usage/cores"), 0.5, 1e-6);
}

// CPUs 0 and 1 are threads of one core, 2 and 3 of another. Both threads of the first work, for others; the consumer has
// the second to itself: half of the work, though it used a third of the time.
TEST(UsageSource, ThreadsThatShareACoreCountLess) {
  Machine machine;
  machine.thread(10, 10, 100, 2);
  const auto source = machine.open({{{0, 0}, {1, 0}, {2, 0}, {3, 0}}, {{0, 0}, {1, 0}, {2, 2}, {3, 2}}, {0}});
  const auto before = values(*source);
  machine.clock.now_ns += 1'000'000'000;
  machine.thread(10, 10, 200, 2);
  machine.process(200);
  machine.busy({200, 200, 200, 100});
  const auto now = values(*source);
  EXPECT_NEAR(now.at("usage/own_cpu:0") - before.at("usage/own_cpu:0"), 1.0, 1e-9);
  EXPECT_NEAR(now.at("usage/all_cpu:0") - before.at("usage/all_cpu:0"), 3.0, 1e-9);
  EXPECT_NEAR(now.at("usage/own_work:0") - before.at("usage/own_work:0"), 1.0, 1e-9);
  EXPECT_NEAR(now.at("usage/all_work:0") - before.at("usage/all_work:0"), 2.0, 1e-9);
}

TEST(UsageSource, OnePackageIsTheWholeMachine) {
  Machine machine;
  const auto source = machine.open({{{0, 0}, {1, 0}, {2, 0}, {3, 0}}, {}, {0}});
  std::vector<std::string> ids;
  for (const Channel& c : source->channels()) ids.push_back(c.id);
  EXPECT_THAT(ids,
              ElementsAre("usage/own_cpu:0", "usage/all_cpu:0", "usage/own_memory", "usage/all_memory", "usage/cores"));
  EXPECT_TRUE(is_fast(*source));
  const auto now = values(*source);
  EXPECT_NEAR(now.at("usage/all_cpu:0"), 4.0, 1e-9);
  EXPECT_NEAR(now.at("usage/all_memory"), 400.0 * 1024, 1.0);
  EXPECT_GT(now.at("usage/own_memory"), 0.0);
}

// A process that has mapped a model of 800 kB: its resident memory holds that file, though the kernel calls it available.
TEST(UsageSource, FilesThatAreMappedCountForAllAsForTheConsumer) {
  Machine machine;
  machine.write("/proc/10/statm", "500 210 200 1 0 20 0\n");
  machine.write(
      "/proc/meminfo",
      "MemTotal: 1000 kB\nMemFree: 20 kB\nMemAvailable: 900 kB\nCached: 850 kB\nMapped: 830 kB\nShmem: 10 kB\n");
  const auto source = machine.open({{{0, 0}, {1, 0}}, {}, {0}});
  const auto now = values(*source);
  EXPECT_NEAR(now.at("usage/all_memory"), (100.0 + 820.0) * 1024, 1.0);
  machine.later();
  machine.write("/proc/meminfo",
                "MemTotal: 1000 kB\nMemFree: 20 kB\nMemAvailable: 900 kB\nMapped: 5 kB\nShmem: 10 kB\n");
  EXPECT_NEAR(values(*source).at("usage/all_memory"), 100.0 * 1024, 1.0);
}

TEST(UsageSource, MemoryIsLeftOutWhereNothingIsDividedByIt) {
  Machine machine;
  const auto source = machine.open(Machine::two_packages(), {false, false, false});
  for (const Channel& c : source->channels()) EXPECT_NE(c.device, "memory");
}

TEST(UsageSource, MachineTimeThatCannotBeReadIsMissingAndNeverGoesBack) {
  Machine machine;
  const auto source = machine.open();
  values(*source);
  machine.later();
  machine.busy({90, 100, 100, 100});  // a CPU was taken away
  EXPECT_NEAR(values(*source).at("usage/all_cpu:0"), 2.0, 1e-9);
  machine.later();
  machine.write("/proc/stat", "nonsense\n");
  EXPECT_TRUE(std::isnan(values(*source).at("usage/all_cpu")));
}

// The others' time goes on, so that the consumer is not taken for the only one at work.
TEST(MachineTime, CpusThatAreSwitchedOffAndOnLeaveTheOthersTimeAlone) {
  Machine machine;
  auto time = std::move(MachineTime::open(machine.host(), Machine::two_packages())).value();
  const auto write = [&](const std::map<unsigned, std::int64_t>& ticks) {
    std::string text = "cpu  1 0 0 200 12 0 0 36 0 0\n";
    for (const auto& [cpu, count] : ticks)
      text += "cpu" + std::to_string(cpu) + " " + std::to_string(count) + " 0 0 50 3 0 0 9 0 0\n";
    machine.write("/proc/stat", text + "intr 1 2 3\n");
  };
  machine.write("/sys/devices/system/cpu/cpu5/topology/physical_package_id", "1\n");
  machine.write("/sys/devices/system/cpu/cpu6/topology/physical_package_id", "7\n");  // a package without a channel
  fakes::Random random(7);
  std::map<unsigned, std::int64_t> ticks{{0, 100}, {1, 100}, {2, 100}, {3, 100}};
  const std::map<unsigned, std::size_t> package{{0, 0}, {1, 0}, {2, 1}, {3, 1}, {5, 1}};
  std::map<unsigned, std::int64_t> away;
  write(ticks);
  const std::vector<std::int64_t> begin = *time.busy_ns();
  std::vector<std::int64_t> truth(2, 0);
  std::set<unsigned> seen{0, 1, 2, 3};
  for (int look = 0; look < 100; ++look) {
    const auto cpu = static_cast<unsigned>(random.between(0, 6));
    if (cpu == 5 && !ticks.contains(5) && !away.contains(5)) away[5] = 360'000;  // has worked for an hour before
    if (cpu == 6) ticks[6] = 1'000'000;
    if (cpu != 0 && ticks.contains(cpu)) {
      away.insert(ticks.extract(cpu));
    } else if (away.contains(cpu)) {
      ticks.insert(away.extract(cpu));
    }
    for (auto& [each, count] : ticks) {
      const bool is_new = seen.insert(each).second;
      const std::int64_t worked = is_new ? 0 : random.between(0, 100);
      count += worked;
      if (package.contains(each)) truth[package.at(each)] += worked * 10'000'000;
    }
    write(ticks);
    const std::vector<std::int64_t>* now = time.busy_ns();
    ASSERT_NE(now, nullptr);
    ASSERT_EQ((*now)[0] - begin[0], truth[0]) << look;
    ASSERT_EQ((*now)[1] - begin[1], truth[1]) << look;
  }
}

TEST(MachineTime, LeavesIdleWaitingAndStolenTimeOut) {
  std::string_view name;
  EXPECT_EQ(busy_ticks("cpu7 1 2 4 1000 1000 8 16 5000 0 0", name), 31U);
  EXPECT_EQ(name, "cpu7");
  EXPECT_FALSE(busy_ticks("intr 1 2 3 4", name));
  EXPECT_FALSE(busy_ticks("cpu 1 2", name));
  EXPECT_FALSE(busy_ticks("cpu 1 2 x 4 5", name));
}

TEST(MachineTime, RefusesAContainersOwnProcStat) {
  Machine machine;
  machine.write("/proc/self/mountinfo", "50 40 0:60 /proc/stat /proc/stat rw - fuse.lxcfs lxcfs rw\n");
  const auto time = MachineTime::open(machine.host(), Machine::two_packages());
  ASSERT_FALSE(time);
  EXPECT_EQ(time.error().kind, ErrorKind::unsupported);
}

// ---- GPUs

struct Users final : GpuClients {
  const std::vector<std::string>& devices() const noexcept override { return names; }
  std::optional<std::vector<GpuClient>> clients(std::size_t device) noexcept override { return now[device]; }
  std::vector<std::string> names{"gpu:GPU-a", "gpu:GPU-b"};
  std::vector<std::optional<std::vector<GpuClient>>> now{std::vector<GpuClient>{}, std::vector<GpuClient>{}};
};

struct Gpus {
  Gpus() {
    auto made = std::make_unique<Users>();
    users = made.get();
    pids->set({7, 8});
    source = std::make_unique<GpuUsage>(Host{"/", &clock}, std::move(made), pids);
  }
  std::vector<double> read(double s) {
    clock.now_ns += std::llround(s * 1e9);
    Sink sink;
    source->read(sink);
    std::vector<double> values;
    for (const Reading& r : sink.readings())
      values.push_back(r.quality == Quality::missing ? -1.0 : std::round(static_cast<double>(r.count) * 1e-6) * 1e-3);
    return values;
  }
  test::ManualClock clock;
  Users* users = nullptr;
  std::shared_ptr<ConsumerPids> pids = std::make_shared<ConsumerPids>();
  std::unique_ptr<GpuUsage> source;
};

TEST(GpuUsage, CountsTheMultiprocessorsTimeOfOwnProcesses) {
  Gpus gpus;
  gpus.users->now[0] = {{{7}, 0.6}, {{99}, 0.2}};
  gpus.users->now[1] = {{{100}, 0.5}};
  EXPECT_THAT(gpus.read(1.0), ElementsAre(0.0, 0.0, 0.0, 0.0));
  EXPECT_THAT(gpus.read(2.0), ElementsAre(1.2, 1.6, 0.0, 1.0));
}

TEST(GpuUsage, SlicesCountByTheirOwner) {
  Gpus gpus;
  gpus.users->now[0] = {{{7, 8}, 3.0 / 7}, {{99}, 4.0 / 7}};
  gpus.read(1.0);
  EXPECT_THAT(gpus.read(7.0), ElementsAre(3.0, 7.0, 0.0, 0.0));
}

TEST(GpuUsage, WhatCannotBeToldApartIsMissing) {
  Gpus gpus;
  gpus.read(1.0);
  gpus.users->now[0] = {{{7, 99}, 1.0}};
  gpus.users->now[1] = std::nullopt;
  EXPECT_THAT(gpus.read(1.0), ElementsAre(-1.0, -1.0, -1.0, -1.0));
}

}  // namespace
}  // namespace impact
