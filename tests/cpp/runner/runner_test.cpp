#include "impact/runner/runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "impact/host/clock.hpp"

namespace impact {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<Runner> worker(const std::string& script) {
  auto runner = Runner::start({{"/bin/sh", "-c", script}, {}});
  EXPECT_TRUE(runner.ok());
  return std::move(runner).value();
}

std::string next_line(Runner& runner) {
  WorkerEvent event;
  Arrival arrival{};
  while ((arrival = runner.next(event, 10s)) == Arrival::nothing) {}
  return arrival == Arrival::event ? event.line : "<ended>";
}

constexpr auto kEcho = "while read line; do echo \"got $line\"; done; echo bye";

TEST(Runner, CommandsAndEventsAreLines) {
  const auto runner = worker(kEcho);
  ASSERT_TRUE(runner->send("one"));
  ASSERT_TRUE(runner->send("two"));
  EXPECT_EQ(next_line(*runner), "got one");
  EXPECT_EQ(next_line(*runner), "got two");
  EXPECT_THROW(runner->send("a\nb"), std::invalid_argument);
}

TEST(Runner, TimesLieOnOneClockInOrder) {
  const auto runner = worker(kEcho);
  const auto before = system_clock().now();
  const auto sent = runner->send("go");
  WorkerEvent event;
  while (runner->next(event, 10s) == Arrival::nothing) {}
  ASSERT_TRUE(sent);
  EXPECT_LE(before, *sent);
  EXPECT_LE(before, event.received);
  EXPECT_LE(event.received, system_clock().now());
}

TEST(Runner, ManyLinesInOnePieceAndOneLineInManyPieces) {
  const auto runner = worker("printf 'a\\nb\\nlong'; sleep 0.05; printf ' line\\n'; printf 'without end'");
  EXPECT_EQ(next_line(*runner), "a");
  EXPECT_EQ(next_line(*runner), "b");
  EXPECT_EQ(next_line(*runner), "long line");
  EXPECT_EQ(next_line(*runner), "<ended>");  // half a line is no event
}

TEST(Runner, NothingComesInTime) {
  const auto runner = worker(kEcho);
  WorkerEvent event;
  EXPECT_EQ(runner->next(event, 10ms), Arrival::nothing);
}

TEST(Runner, EventsBeforeTheEndAreHandedOut) {
  const auto runner = worker("echo last; exit 9");
  EXPECT_EQ(next_line(*runner), "last");
  EXPECT_EQ(next_line(*runner), "<ended>");
  EXPECT_EQ(next_line(*runner), "<ended>");
  EXPECT_EQ(runner->close(5s).exit_code, 9);
}

TEST(Runner, CloseLetsItFinishAndTellsHow) {
  const auto runner = worker(kEcho);
  EXPECT_FALSE(runner->ending());
  EXPECT_EQ(runner->close(10s).exit_code, 0);
  EXPECT_FALSE(runner->send("too late"));
}

TEST(Runner, CloseKillsWhatDoesNotListen) {
  const auto runner = worker("trap '' TERM; while true; do sleep 0.1; done");
  EXPECT_EQ(runner->close(50ms).signal, 9);
}

TEST(Runner, CloseDrainsAWorkerThatIsBlockedOnWriting) {
  const auto runner = worker("yes event | head -n 200000; exit 4");
  EXPECT_EQ(runner->close(30s).exit_code, 4);
}

TEST(Runner, ALineWithoutEndEndsTheWorkerWhoeverFindsIt) {
  const auto flood = "head -c 70000000 /dev/zero | tr '\\0' x; exec sleep 600";
  const auto read = worker(flood);
  WorkerEvent event;
  const auto look = [&] {
    while (read->next(event, 10s) == Arrival::nothing) {}
  };
  EXPECT_THROW(look(), std::runtime_error);
  EXPECT_EQ(read->close(10s).signal, 9);
  EXPECT_EQ(worker(flood)->close(60s).signal, 9);
}

TEST(Runner, KillFromAnotherThreadEndsTheWait) {
  const auto runner = worker("echo up; exec sleep 600");
  EXPECT_EQ(next_line(*runner), "up");
  std::thread other([&] { runner->kill(); });
  EXPECT_EQ(next_line(*runner), "<ended>");
  other.join();
  EXPECT_EQ(runner->close(5s).signal, 9);
}

TEST(Runner, TellsTheWorkerItsParent) {
  const auto runner = worker("echo $IMPACT_WORKER_PARENT $PPID");
  const auto line = next_line(*runner);
  const auto blank = line.find(' ');
  EXPECT_EQ(line.substr(0, blank), line.substr(blank + 1));
}

TEST(Runner, AMissingExecutableIsAnError) {
  const auto runner = Runner::start({{"/no/such/impact-worker"}, {}});
  ASSERT_FALSE(runner.ok());
  EXPECT_EQ(runner.error().kind, ErrorKind::absent);
}

}  // namespace
}  // namespace impact
