#include "impact/host/local_socket.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <array>
#include <fstream>

#include "cpp/sources/local_server.hpp"
#include "impact/host/clock.hpp"

namespace impact::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Taken = LocalSocket::Taken;

Instant in(Duration time) { return system_clock().now() + time; }

LocalSocket connected(const LocalServer& server) {
  Result<LocalSocket> socket = LocalSocket::connect(server.path(), in(5s));
  if (!socket) throw std::runtime_error(socket.error().what);
  return std::move(socket).value();
}

TEST(LocalSocket, AsksAndIsAnswered) {
  const LocalServer server(LocalServer::answering([] { return std::string("answered"); }));
  LocalSocket socket = connected(server);
  EXPECT_EQ(socket.peer_user(), own_user());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(socket.is_idle());
    ASSERT_TRUE(socket.send("question", in(5s)));
    std::array<char, 8> answer{};
    ASSERT_EQ(socket.receive(answer, in(5s)), Taken::whole);
    EXPECT_EQ(std::string_view(answer.data(), answer.size()), "answered");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(LocalSocket, SaysWhyThereIsNoConnection) {
  const fakes::Scratch folder;
  const auto kind = [](const std::filesystem::path& path) { return LocalSocket::connect(path, in(1s)).error().kind; };
  EXPECT_EQ(kind(folder / "none"), ErrorKind::absent);
  EXPECT_EQ(kind(folder / "none" / "s"), ErrorKind::absent);
  EXPECT_EQ(kind(folder / std::string(200, 'x')), ErrorKind::misconfigured);
  EXPECT_EQ(kind(std::string("/tmp/a\0b", 8)), ErrorKind::misconfigured);
  std::ofstream(folder / "file") << "text";
  EXPECT_EQ(kind(folder / "file"), ErrorKind::broken);  // as for a socket whose owner is gone
  EXPECT_THAT(LocalSocket::connect(folder / "none", in(1s)).error().what, HasSubstr((folder / "none").string()));
}

TEST(LocalSocket, NeverWaitsPastItsDeadline) {
  const LocalServer silent([](int, const std::atomic<bool>& ended) {
    while (!ended) std::this_thread::sleep_for(1ms);
  });
  LocalSocket socket = connected(silent);
  ASSERT_TRUE(socket.send("question", in(1s)));
  std::array<char, 8> answer{};
  const Instant before = in(0s);
  EXPECT_EQ(socket.receive(answer, in(50ms)), Taken::late);
  EXPECT_GE(in(0s) - before, 50ms);
  EXPECT_LT(in(0s) - before, 5s);
  EXPECT_FALSE(socket.send(std::string(16U << 20U, 'x'), in(50ms)));  // more than any buffer holds
}

TEST(LocalSocket, AByteNowAndThenKeepsNobody) {
  const LocalServer drip([](int connection, const std::atomic<bool>& ended) {
    while (!ended) {
      (void)!::send(connection, "x", 1, MSG_NOSIGNAL);
      std::this_thread::sleep_for(1ms);
    }
  });
  LocalSocket socket = connected(drip);
  std::string answer(1U << 20U, '\0');
  const Instant before = in(0s);
  EXPECT_EQ(socket.receive(answer, in(100ms)), Taken::late);
  EXPECT_LT(in(0s) - before, 5s);
}

TEST(LocalSocket, AFullQueueIsWaitedForNoLongerThanItMay) {
  const LocalServer deaf(nullptr, 0);
  std::vector<LocalSocket> waiting;
  for (;;) {
    const Instant before = in(0s);
    Result<LocalSocket> socket = LocalSocket::connect(deaf.path(), in(50ms));
    if (!socket) {
      EXPECT_EQ(socket.error().kind, ErrorKind::broken);
      EXPECT_LT(in(0s) - before, 5s);
      break;
    }
    waiting.push_back(std::move(socket).value());
    ASSERT_LT(waiting.size(), 64U);
  }
}

TEST(LocalSocket, ATornConnectionIsNoAnswerAndNoSignal) {
  const LocalServer half(
      [](int connection, const std::atomic<bool>&) { (void)!::send(connection, "hal", 3, MSG_NOSIGNAL); });
  LocalSocket socket = connected(half);
  std::array<char, 8> answer{};
  EXPECT_EQ(socket.receive(answer, in(5s)), Taken::ended);
  EXPECT_FALSE(socket.is_idle());
  EXPECT_FALSE(socket.send("question", in(1s)) && socket.send("question", in(1s)));
}

TEST(LocalSocket, WhatWasNotAskedForIsSeen) {
  const LocalServer talker([](int connection, const std::atomic<bool>& ended) {
    (void)!::send(connection, "news", 4, MSG_NOSIGNAL);
    while (!ended) std::this_thread::sleep_for(1ms);
  });
  const LocalSocket socket = connected(talker);
  for (int i = 0; i < 2000 && socket.is_idle(); ++i) std::this_thread::sleep_for(1ms);
  EXPECT_FALSE(socket.is_idle());
}

TEST(LocalSocket, UsersHaveNamesOrNumbers) {
  constexpr std::string_view kPasswd =
      "root:x:0:0:root:/root:/bin/sh\nmeter:x:997:1:a:b:c\nbroken\nworse:x:minus:1\n:x:5:5::\n";
  EXPECT_EQ(user_number("meter", kPasswd), 997U);
  EXPECT_EQ(user_number("root", kPasswd), 0U);
  EXPECT_EQ(user_number("1234", kPasswd), 1234U);
  for (const char* unknown : {"", "met", "worse", "broken", "-1", "99999999999"})
    EXPECT_EQ(user_number(unknown, kPasswd), std::nullopt) << unknown;
}

}  // namespace
}  // namespace impact::test
