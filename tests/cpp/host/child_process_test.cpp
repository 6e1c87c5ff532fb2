#include "impact/host/child_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>

#include "impact/host/clock.hpp"

namespace impact {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<ChildProcess> shell(const std::string& script) {
  auto child = ChildProcess::start({{"/bin/sh", "-c", script}, {{"GREETING", "hello"}}});
  EXPECT_TRUE(child.ok());
  return std::move(child).value();
}

std::string read_all(ChildProcess& child) {
  std::string text;
  Transfer last = Transfer::done;
  while (last == Transfer::done || last == Transfer::interrupted) last = child.receive(text, 10s);
  return text;
}

TEST(ChildProcess, TalksBothWaysAndEnds) {
  const auto child = shell("read line; echo \"$GREETING $line\"");
  EXPECT_EQ(child->send("world\n", 5s), Transfer::done);
  EXPECT_EQ(read_all(*child), "hello world\n");
  const auto ending = child->wait(10s);
  ASSERT_TRUE(ending);
  EXPECT_EQ(ending->exit_code, 0);
  EXPECT_EQ(child->wait(0s)->exit_code, 0);  // asked again: the same
}

TEST(ChildProcess, ErrorsNameThePath) {
  const auto absent = ChildProcess::start({{"/no/such/worker"}, {}});
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().kind, ErrorKind::absent);
  EXPECT_THAT(absent.error().what, testing::HasSubstr("/no/such/worker"));
  const auto forbidden = ChildProcess::start({{"/etc/passwd"}, {}});
  ASSERT_FALSE(forbidden.ok());
  EXPECT_EQ(forbidden.error().kind, ErrorKind::forbidden);
}

TEST(ChildProcess, ExitCodeAndSignalAreTold) {
  EXPECT_EQ(shell("exit 7")->wait(10s)->exit_code, 7);
  const auto killed = shell("read line");
  killed->kill();
  const auto ending = killed->wait(10s);
  EXPECT_EQ(ending->signal, SIGKILL);
  EXPECT_FALSE(ending->exit_code);
}

TEST(ChildProcess, WaitGivesUpInTime) {
  const auto child = shell("read line");
  const auto before = system_clock().now();
  EXPECT_FALSE(child->wait(20ms));
  EXPECT_GE(system_clock().now() - before, 20ms);
}

TEST(ChildProcess, SendToAClosedChildGivesNoSignal) {
  const auto child = shell("exec 0<&- 1>&-; exit 0");
  ASSERT_TRUE(child->wait(10s));
  EXPECT_EQ(child->send(std::string(1 << 20, 'x'), 1s), Transfer::closed);
}

TEST(ChildProcess, SendGivesUpOnAChildThatDoesNotRead) {
  const auto child = shell("exec sleep 600");
  EXPECT_EQ(child->send(std::string(16 << 20, 'x'), 50ms), Transfer::timed_out);
}

TEST(ChildProcess, EndOfInputReachesTheChild) {
  const auto child = shell("cat; echo end");
  child->send("a\n", 5s);
  child->close_input();
  EXPECT_EQ(read_all(*child), "a\nend\n");
}

TEST(ChildProcess, KeepsTheLastOfStandardError) {
  const auto child = shell("echo first >&2; echo last words >&2; exit 3");
  child->wait(10s);
  EXPECT_EQ(child->error_output(11), "last words\n");
  EXPECT_EQ(child->error_output(), "first\nlast words\n");
}

TEST(ChildProcess, DestructorLeavesNoProcess) {
  int pid = 0;
  {
    const auto child = shell("exec sleep 600");
    pid = child->pid();
  }
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

// The child starts clean whatever the parent does with signals.
TEST(ChildProcess, StartsWithPlainSignals) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  const auto handler = std::signal(SIGPIPE, SIG_IGN);
  const auto child = shell("grep -E 'SigBlk' /proc/self/status; grep SigIgn /proc/self/status | cut -f2");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::signal(SIGPIPE, handler);
  const auto text = read_all(*child);
  EXPECT_THAT(text, testing::HasSubstr("SigBlk:\t0000000000000000\n"));
  const auto ignored = std::stoull(text.substr(text.find('\n') + 1), nullptr, 16);
  EXPECT_EQ(ignored >> (SIGPIPE - 1) & 1U, 0U);
}

// Else the first child would not see the end of its input while a later one lives.
TEST(ChildProcess, InheritsNoDescriptorOfAnotherChild) {
  const std::string count = "ls /proc/self/fd | wc -l; read line";
  const auto first = shell(count);
  const auto second = shell(count);
  const auto line = [](ChildProcess& child) {
    std::string text;
    while (text.find('\n') == std::string::npos) child.receive(text, 10s);
    return text;
  };
  EXPECT_EQ(line(*first), line(*second));
}

// A fork's child that leaves normally must not take our worker with it.
TEST(ChildProcess, ForkedCopyTouchesNothing) {
  auto child = shell("read line; echo \"$line\"");
  const pid_t fork_child = fork();
  if (fork_child == 0) {
    child->kill();
    child->close_input();
    child.reset();
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(fork_child, &status, 0), fork_child);
  EXPECT_EQ(child->send("alive\n", 5s), Transfer::done);
  EXPECT_EQ(read_all(*child), "alive\n");
}

TEST(ChildProcess, ASignalInterruptsReceive) {
  struct sigaction action{};
  struct sigaction old{};
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, &old);
  // Again and again: the first one may come before the wait has begun.
  auto child = shell("i=0; while [ $i -lt 500 ]; do kill -USR1 $PPID; sleep 0.02; i=$((i+1)); done");
  std::string text;
  EXPECT_EQ(child->receive(text, 30s), Transfer::interrupted);
  child.reset();  // killed and reaped: no signal comes after this
  sigaction(SIGUSR1, &old, nullptr);
}

TEST(ChildProcess, SomebodyElsesWaitIsNotAnError) {
  const auto child = shell("exit 5");
  int status = 0;
  ASSERT_EQ(waitpid(child->pid(), &status, 0), child->pid());
  const auto ending = child->wait(1s);
  ASSERT_TRUE(ending);
  EXPECT_FALSE(ending->exit_code);
  EXPECT_FALSE(ending->signal);
}

}  // namespace
}  // namespace impact
