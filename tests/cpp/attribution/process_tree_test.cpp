#include "impact/attribution/process_tree.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "cpp/sources/fake_root.hpp"
#include "impact/host/process_id.hpp"

namespace impact {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr std::int64_t kSecond = 1'000'000'000;

// Processes as files; CPU times in hundredths of a second.
struct Processes : test::FakeRoot {
  void put(int pid, int parent, int own, int children, std::vector<int> below = {}, int started = 100) const {
    const std::string folder = "/proc/" + std::to_string(pid);
    write(folder + "/stat", std::to_string(pid) + " (a ) b (c\n) S " + std::to_string(parent) +
                                " 1 1 0 -1 4194560 1 2 3 4 " + std::to_string(own) + " 0 " + std::to_string(children) +
                                " 0 20 0 1 0 " + std::to_string(started) +
                                " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 3 0 0\n");
    std::string list;
    for (const int child : below) list += std::to_string(child) + " ";
    write(folder + "/task/" + std::to_string(pid) + "/children", list);
  }
  void end(int pid) const { remove("/proc/" + std::to_string(pid)); }
};

TEST(ProcessStat, IsReadWhateverTheNameHolds) {
  Processes machine;
  machine.put(5, 1, 70, 30);
  const auto stat = read_process_stat(machine.host(), 5);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, 5);
  EXPECT_EQ(stat->parent, 1);
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->cpu_ticks, 70U);
  EXPECT_EQ(stat->children_ticks, 30U);
  EXPECT_EQ(stat->started, 100U);
  EXPECT_EQ(stat->cpu, 3);
}

TEST(ProcessStat, NonsenseIsNone) {
  for (const char* text :
       {"", "5", "5 (x", "5 x) S 1", "(x) S 1 1", "5 (x) S", "5 (x) SS 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "5 (x) S 1 1 1 0 -1 1 1 2 3 4 -7 0 0 0 20 0 1 0 100", "5 (x) S 1 1 1 0 -1 1 1 2 3 4 7 0 0"}) {
    EXPECT_FALSE(parse_process_stat(text)) << text;
  }
}

TEST(ProcessTree, SumsADescendantsTimeAndThatOfTheEnded) {
  Processes machine;
  machine.put(10, 1, 100, 50, {11, 12});
  machine.put(11, 10, 20, 5, {13});
  machine.put(12, 10, 30, 0);
  machine.put(13, 11, 7, 0);
  machine.put(99, 1, 5000, 0);
  ProcessTree tree(machine.host(), 10, false);
  EXPECT_EQ(tree.cpu_ns(), 212 * kTickNs);
  EXPECT_THAT(tree.pids(), UnorderedElementsAre(10, 11, 12, 13));
  EXPECT_EQ(tree.pids().front(), 10);
}

TEST(ProcessTree, AChildThatWasWaitedForMovesIntoItsParent) {
  Processes machine;
  machine.put(10, 1, 100, 0, {11});
  machine.put(11, 10, 40, 0);
  ProcessTree tree(machine.host(), 10, false);
  EXPECT_EQ(tree.cpu_ns(), 140 * kTickNs);
  machine.end(11);
  machine.put(10, 1, 100, 90, {});  // it had used 0.90 s in the end
  EXPECT_EQ(tree.cpu_ns(), 190 * kTickNs);
  EXPECT_EQ(tree.cpu_ns(), 190 * kTickNs);
  EXPECT_EQ(tree.unwaited_part(), 0.0);
}

TEST(ProcessTree, AParentReadJustBeforeItWaitedIsGivenALookMore) {
  Processes machine;
  machine.put(10, 1, 100, 0, {11});
  machine.put(11, 10, 40, 0);
  ProcessTree tree(machine.host(), 10, false);
  EXPECT_EQ(tree.cpu_ns(), 140 * kTickNs);
  machine.end(11);
  EXPECT_EQ(tree.cpu_ns(), 140 * kTickNs);  // never back
  machine.put(10, 1, 100, 41, {});
  EXPECT_EQ(tree.cpu_ns(), 141 * kTickNs);
  EXPECT_EQ(tree.cpu_ns(), 141 * kTickNs);
}

// A child that was read alive, and then waited for before its parent is read, would count twice for good.
TEST(ProcessTree, ParentsAreReadBeforeTheirChildren) {
  Processes machine;
  machine.put(10, 1, 100, 0, {11, 13});
  machine.put(11, 10, 20, 0, {12});
  machine.put(12, 11, 5, 0);
  machine.put(13, 10, 5, 0);
  ProcessTree tree(machine.host(), 10, false);
  tree.cpu_ns();
  const int opened = inotify_init1(IN_NONBLOCK);
  ASSERT_GE(opened, 0);
  std::map<int, int> pids;
  for (const int pid : {10, 11, 12, 13}) {
    const std::string stat = machine.path("/proc/" + std::to_string(pid) + "/stat").string();
    pids[inotify_add_watch(opened, stat.c_str(), IN_OPEN)] = pid;
  }
  tree.cpu_ns();
  std::vector<int> order;
  alignas(inotify_event) std::array<char, 4096> events{};
  const ssize_t length = read(opened, events.data(), events.size());
  for (ssize_t at = 0; at < length; at += static_cast<ssize_t>(sizeof(inotify_event))) {
    inotify_event event{};
    std::memcpy(&event, events.data() + at, sizeof event);
    order.push_back(pids.at(event.wd));
  }
  close(opened);
  const auto place = [&](int pid) { return std::ranges::find(order, pid) - order.begin(); };
  EXPECT_EQ(order.size(), 4U);
  EXPECT_LT(place(10), place(11));
  EXPECT_LT(place(11), place(12));
  EXPECT_LT(place(10), place(13));
}

TEST(ProcessTree, WhatNobodyWaitsForIsKeptAsItWasSeen) {
  Processes machine;
  machine.put(10, 1, 100, 0, {11});
  machine.put(11, 10, 400, 0);
  ProcessTree tree(machine.host(), 10, false);
  tree.cpu_ns();
  machine.end(11);
  machine.put(10, 1, 200, 0, {});
  tree.cpu_ns();
  EXPECT_EQ(tree.cpu_ns(), 600 * kTickNs);
  machine.put(10, 1, 300, 0, {});
  EXPECT_EQ(tree.cpu_ns(), 700 * kTickNs);
  EXPECT_GT(tree.unwaited_part(), 0.5);
}

TEST(ProcessTree, ADaemonStaysInTheTreeItWasSeenIn) {
  Processes machine;
  machine.put(10, 1, 100, 0, {11});
  machine.put(11, 10, 10, 0, {12});
  machine.put(12, 11, 10, 0);
  ProcessTree tree(machine.host(), 10, false);
  tree.cpu_ns();
  machine.end(11);
  machine.put(10, 1, 100, 10, {});
  machine.put(12, 1, 60, 0);  // its parent is init now
  EXPECT_EQ(tree.cpu_ns(), 170 * kTickNs);
  EXPECT_THAT(tree.pids(), UnorderedElementsAre(10, 12));
}

TEST(ProcessTree, AnotherProcessOfTheSameNumberIsNotItsOwn) {
  Processes machine;
  machine.put(10, 1, 100, 0, {11});
  machine.put(11, 10, 40, 0);
  ProcessTree tree(machine.host(), 10, false);
  tree.cpu_ns();
  machine.put(10, 1, 100, 40, {});
  machine.put(11, 1, 9000, 0, {}, 200);
  EXPECT_EQ(tree.cpu_ns(), 140 * kTickNs);
  EXPECT_THAT(tree.pids(), ElementsAre(10));
}

TEST(ProcessTree, StandsStillOnceItsRootHasEnded) {
  Processes machine;
  machine.put(10, 1, 100, 20, {11});
  machine.put(11, 10, 40, 0);
  ProcessTree tree(machine.host(), 10, false);
  tree.cpu_ns();
  machine.end(10);
  machine.end(11);
  EXPECT_EQ(tree.cpu_ns(), 160 * kTickNs);
  EXPECT_EQ(tree.cpu_ns(), 160 * kTickNs);
  EXPECT_THAT(tree.pids(), testing::IsEmpty());
  ProcessTree never(machine.host(), 77, false);
  EXPECT_FALSE(never.cpu_ns());
}

TEST(ProcessTree, ChildrenAloneLeaveTheRootOut) {
  Processes machine;
  machine.put(10, 1, 5000, 20, {11});
  machine.put(11, 10, 40, 0);
  ProcessTree tree(machine.host(), 10, true);
  EXPECT_EQ(tree.cpu_ns(), 60 * kTickNs);
  EXPECT_THAT(tree.pids(), ElementsAre(11));
}

TEST(ProcessTree, WithoutListsOfChildrenAllProcessesAreLookedAt) {
  Processes machine;
  machine.put(10, 1, 100, 0);
  machine.put(11, 10, 40, 0);
  machine.put(12, 11, 2, 0);
  machine.put(13, 1, 999, 0);
  for (const char* pid : {"10", "11", "12", "13"})
    machine.remove(std::string("/proc/") + pid + "/task/" + pid + "/children");
  ProcessTree tree(machine.host(), 10, false);
  EXPECT_EQ(tree.cpu_ns(), 142 * kTickNs);
}

// ---- real processes

void burn(Duration cpu) {
  const Duration until = process_cpu_time() + cpu;
  while (process_cpu_time() < until) {}
}

pid_t child(Duration cpu) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    burn(cpu);
    ::_exit(0);
  }
  return pid;
}

TEST(RealProcesses, OwnTimeIsExact) {
  ProcessTree tree(Host{}, static_cast<int>(process_id()), false);
  const std::int64_t before = *tree.cpu_ns();
  const Duration own = process_cpu_time();
  burn(std::chrono::milliseconds{30});
  const std::int64_t grown = *tree.cpu_ns() - before;
  EXPECT_NEAR(static_cast<double>(grown), static_cast<double>((process_cpu_time() - own).count()), 2e6);
}

TEST(RealProcesses, ALiveChildIsSeenAndOneThatEndedToo) {
  int hold[2];
  ASSERT_EQ(::pipe(hold), 0);
  ProcessTree tree(Host{}, static_cast<int>(process_id()), true);
  const std::int64_t before = *tree.cpu_ns();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(hold[1]);
    burn(std::chrono::milliseconds{60});
    char c = 0;
    while (::read(hold[0], &c, 1) < 0) {}
    ::_exit(0);
  }
  ::close(hold[0]);
  // Until it has used its time: the tree sees it while it lives.
  while (*tree.cpu_ns() - before < 40'000'000) ::usleep(1000);
  EXPECT_THAT(tree.pids(), ElementsAre(pid));
  ::close(hold[1]);
  ::waitpid(pid, nullptr, 0);
  const std::int64_t grown = *tree.cpu_ns() - before;
  EXPECT_GE(grown, 60'000'000);
  EXPECT_LT(grown, kSecond);
}

TEST(RealProcesses, TwoHundredShortLivedChildrenAreNotLost) {
  ProcessTree tree(Host{}, static_cast<int>(process_id()), true);
  const std::int64_t before = *tree.cpu_ns();
  const Duration waited = waited_children_cpu_time();
  for (int i = 0; i < 200; ++i) {
    const pid_t pid = child(std::chrono::microseconds{500});
    if (i % 40 == 0) tree.cpu_ns();  // a look now and then, as the sampler's
    ::waitpid(pid, nullptr, 0);
  }
  tree.cpu_ns();
  const auto truth = static_cast<double>((waited_children_cpu_time() - waited).count());
  EXPECT_GE(truth, 0.1e9);
  EXPECT_NEAR(static_cast<double>(*tree.cpu_ns() - before), truth, 0.01 * truth);
}

// The kernel's news, where this program may have them: children that nobody waits for, and that no look ever sees.
TEST(RealProcesses, ChildrenThatNobodyWaitsForAreToldByTheKernel) {
  if (const auto news = ExitAccounting::open(Host{}); !news) GTEST_SKIP() << news.error().what;
  struct sigaction ignore{}, before{};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(::sigaction(SIGCHLD, &ignore, &before), 0);
  ProcessTree tree(Host{}, static_cast<int>(process_id()), true);
  const std::int64_t start = *tree.cpu_ns();
  constexpr int children = 100;
  constexpr Duration each = std::chrono::milliseconds{2};
  for (int i = 0; i < children; ++i) {
    child(each);
    while (has_children()) ::usleep(100);
  }
  tree.cpu_ns();
  const auto grown = static_cast<double>(*tree.cpu_ns() - start);
  ::sigaction(SIGCHLD, &before, nullptr);
  const auto least = static_cast<double>(children * each.count());
  EXPECT_GE(grown, 0.99 * least);
  EXPECT_LT(grown, 3 * least);
  EXPECT_GT(tree.unwaited_part(), 0.9);
  EXPECT_FALSE(tree.blind());
}

TEST(ProcessTree, WithoutTheKernelsNewsItSaysThatItIsBlind) {
  Processes machine;
  machine.put(10, 1, 100, 0);
  machine.write("/proc/10/status", "Name:\tx\nSigIgn:\t0000000000010000\nSigCgt:\t0\n");
  ProcessTree tree(machine.host(), 10, false);
  tree.cpu_ns();
  EXPECT_TRUE(tree.blind());
  machine.write("/proc/10/status", "Name:\tx\nSigIgn:\t0000000001001000\nSigCgt:\t0\n");
  ProcessTree waits(machine.host(), 10, false);
  waits.cpu_ns();
  EXPECT_FALSE(waits.blind());
}

TEST(RealProcesses, HasChildrenAsksWithoutTakingTheNews) {
  const pid_t pid = child(Duration{0});
  while (!has_children()) {}
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(has_children());
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_FALSE(has_children());
}

}  // namespace
}  // namespace impact
