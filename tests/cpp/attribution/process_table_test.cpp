#include "impact/attribution/process_table.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>
#include <thread>

#include "cpp/sources/fake_root.hpp"
#include "impact/host/process_id.hpp"
#include "impact/host/process_usage.hpp"

namespace impact {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Machine : test::FakeRoot {
  void put(int pid, std::uint64_t ticks, std::string_view command = "train", int started = 7,
           std::string_view groups = "0::/user.slice\n") const {
    const std::string folder = "/proc/" + std::to_string(pid);
    write(folder + "/stat", std::to_string(pid) + " (" + std::string(command) + ") S 1 1 1 0 -1 4194560 1 2 3 4 " +
                                std::to_string(ticks) + " 0 0 0 20 0 1 0 " + std::to_string(started) +
                                " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 3 0 0\n");
    write(folder + "/cgroup", groups);
  }
  void end(int pid) const { remove("/proc/" + std::to_string(pid)); }
};

std::map<int, std::uint64_t> used(const ProcessChanges& changes) {
  std::map<int, std::uint64_t> times;
  for (const ProcessTime& time : changes.used)
    times[time.pid] = static_cast<std::uint64_t>(time.cpu.count()) / 10'000'000;
  return times;
}

std::map<int, ProcessFacts> seen(const ProcessChanges& changes) {
  std::map<int, ProcessFacts> facts;
  for (const ProcessFacts& fact : changes.seen) facts[fact.pid] = fact;
  return facts;
}

TEST(ProcessTable, TellsOnlyWhatChanged) {
  Machine machine;
  machine.put(10, 500);
  machine.put(11, 40, "a (b) c\n");
  ProcessTable table(machine.host());
  ProcessChanges first = table.look();
  EXPECT_THAT(used(first), IsEmpty());
  EXPECT_EQ(seen(first).at(11).command, "a (b) c\n");
  EXPECT_EQ(seen(first).at(10).group, "/user.slice");
  EXPECT_FALSE(seen(first).at(10).job);
  machine.put(10, 550);
  machine.put(12, 30);
  ProcessChanges second = table.look();
  EXPECT_EQ(used(second), (std::map<int, std::uint64_t>{{10, 50}, {12, 30}}));
  EXPECT_EQ(seen(second).size(), 1U);
  machine.end(10);
  EXPECT_THAT(table.look().gone, ElementsAre(10));
  EXPECT_THAT(table.look().gone, IsEmpty());
}

TEST(ProcessTable, AnotherProcessOfTheNumberCountsFromItsOwnBegin) {
  Machine machine;
  machine.put(10, 500);
  ProcessTable table(machine.host());
  table.look();
  machine.put(10, 20, "other", 9);
  const ProcessChanges changes = table.look();
  EXPECT_EQ(used(changes), (std::map<int, std::uint64_t>{{10, 20}}));
  EXPECT_EQ(seen(changes).at(10).command, "other");
}

TEST(ProcessTable, AProcessThatCouldNotBeReadBeforeIsNotToldWithItsWholeLife) {
  Machine machine;
  machine.put(10, 500);
  machine.write("/proc/11/stat", "");  // as where the program has no descriptor left
  ProcessTable table(machine.host());
  table.look();
  table.look();
  machine.put(11, 360'000);
  machine.put(12, 30);  // began since
  ProcessChanges changes = table.look();
  EXPECT_EQ(used(changes), (std::map<int, std::uint64_t>{{12, 30}}));
  EXPECT_TRUE(seen(changes).contains(11));
  machine.put(11, 360'070);
  EXPECT_EQ(used(table.look()), (std::map<int, std::uint64_t>{{11, 70}}));
}

TEST(ProcessTable, NamesTheJobInWhicheverHierarchyHasIt) {
  Machine machine;
  machine.put(10, 1, "srun", 7, "12:cpu:/\n11:memory:/slurm/uid_1000/job_77/step_0\n0::/init.scope\n");
  machine.put(11, 1, "sh", 7, "nonsense");
  machine.put(12, 1, "sh", 7, "");
  ProcessTable table(machine.host());
  const auto facts = seen(table.look());
  ASSERT_TRUE(facts.at(10).job);
  EXPECT_EQ(facts.at(10).job->id, "77");
  EXPECT_EQ(facts.at(10).job->step, "0");
  EXPECT_EQ(facts.at(10).group, "/slurm/uid_1000/job_77/step_0");
  EXPECT_EQ(facts.at(11).group, "");
  EXPECT_EQ(facts.at(12).group, "");
}

TEST(ProcessTable, AProcessThatIsMovedIntoAJobIsToldInItsTurn) {
  Machine machine;
  machine.put(10, 1);
  ProcessTable table(machine.host());
  table.look();
  machine.put(10, 1, "train", 7, "0::/system.slice/slurmstepd.scope/job_5/step_0\n");
  for (int looks = 0; looks < 40; ++looks) {
    const auto facts = seen(table.look());
    if (!facts.contains(10)) continue;
    EXPECT_EQ(facts.at(10).job->id, "5");
    return;
  }
  FAIL() << "not in 40 looks";
}

// Whatever the machine does, the sums of what is told are what its counters grew by.
TEST(ProcessTable, AddsUpToTheCounters) {
  std::mt19937 random(7);
  const auto below = [&](unsigned most) { return static_cast<int>(random() % most); };
  Machine machine;
  ProcessTable table(machine.host(), 3);  // descriptors for a few of them alone
  std::map<int, std::uint64_t> counters, told, expected;
  machine.put(1, 9);
  table.look();
  for (int step = 0; step < 60; ++step) {
    for (int change = 0; change < 4; ++change) {
      const int pid = 2 + below(12);
      const auto ticks = static_cast<std::uint64_t>(below(50));
      counters[pid] += ticks;
      expected[pid] += ticks;
      machine.put(pid, counters[pid]);
    }
    for (const auto& [pid, ticks] : used(table.look())) told[pid] += ticks;
  }
  std::erase_if(expected, [](const auto& entry) { return entry.second == 0; });
  EXPECT_EQ(told, expected);
}

TEST(ProcessTable, WithoutDescriptorsProcessesStayAndTheirTimeIsToldLater) {
  Machine machine;
  for (int pid = 10; pid < 16; ++pid) machine.put(pid, 100);
  ProcessTable table(machine.host());
  table.look();
  for (int pid = 10; pid < 17; ++pid) machine.put(pid, 130);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const ProcessChanges blind = table.look();
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_THAT(blind.gone, IsEmpty());
  const auto later = used(table.look());
  const auto at_once = used(blind);
  for (int pid = 10; pid < 17; ++pid) {
    EXPECT_EQ((at_once.contains(pid) ? at_once.at(pid) : 0) + (later.contains(pid) ? later.at(pid) : 0),
              pid == 16 ? 130U : 30U)
        << pid;
  }
}

// Processes as the kernel makes them: one that works, one that rests, one that ends, one that another follows.
class Child {
 public:
  explicit Child(bool works) : pid_(::fork()) {
    if (pid_ != 0) return;
    while (works) work_ = work_ + 1;
    while (true) ::pause();
  }
  ~Child() { end(); }
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  int pid() const { return pid_; }

 private:
  pid_t pid_;
  volatile std::uint64_t work_ = 0;
};

TEST(ProcessTable, SeesThisMachine) {
  Child works(true), rests(false), ends(false);
  while (read_process_stat(Host{}, rests.pid())->state != 'S') std::this_thread::yield();
  ProcessTable table(Host{});
  const auto first = seen(table.look());
  for (const int pid : {static_cast<int>(process_id()), works.pid(), rests.pid(), ends.pid()})
    EXPECT_TRUE(first.contains(pid)) << pid;
  const int ended = ends.pid();
  ends.end();
  Child begins(true);
  const auto before = cpu_time_of(works.pid());
  while (cpu_time_of(works.pid()) < *before + std::chrono::milliseconds{20}) std::this_thread::yield();
  while (cpu_time_of(begins.pid()) < std::chrono::milliseconds{5}) std::this_thread::yield();
  const ProcessChanges changes = table.look();
  EXPECT_THAT(changes.gone, testing::Contains(ended));
  EXPECT_TRUE(seen(changes).contains(begins.pid()));
  std::map<int, Duration> times;
  for (const ProcessTime& time : changes.used) times[time.pid] = time.cpu;
  EXPECT_GE(times[works.pid()], std::chrono::milliseconds{20});
  EXPECT_GE(times[begins.pid()], std::chrono::milliseconds{5});
  EXPECT_EQ(times.count(rests.pid()), 0U);
}

TEST(ProcessUsage, TheClockOfAProcessIsTheFilesTime) {
  const Child works(true);  // an emulator makes up the file of its own process, and no other
  while (cpu_time_of(works.pid()) < std::chrono::milliseconds{50}) std::this_thread::yield();
  const auto before = cpu_time_of(works.pid());
  const auto stat = read_process_stat(Host{}, works.pid());
  const auto after = cpu_time_of(works.pid());
  ASSERT_TRUE(before && stat && after);
  const double in_file_s = 0.01 * static_cast<double>(stat->cpu_ticks);
  EXPECT_GE(in_file_s, seconds(*before) - 0.03);
  EXPECT_LE(in_file_s, seconds(*after) + 0.03);
  EXPECT_EQ(cpu_time_of(0), std::nullopt);
  EXPECT_EQ(cpu_time_of(1 << 25), std::nullopt);
}

}  // namespace
}  // namespace impact
