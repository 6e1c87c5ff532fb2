#include "impact/host/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cerrno>
#include <fstream>
#include <latch>
#include <random>

#include "fakes/scratch.hpp"
#include "impact/host/thread.hpp"

namespace impact {
namespace {

std::optional<std::uint64_t> counted(const fakes::Scratch& folder, const std::string& text) {
  std::ofstream(folder / "counter", std::ios::trunc) << text;
  return read_count(std::move(open_for_reading(folder / "counter")).value());
}

TEST(ReadCount, IsWhatTheGeneralParserSays) {
  const fakes::Scratch folder;
  std::vector<std::string> texts{"",
                                 "0",
                                 "007",
                                 "-1",
                                 "+1",
                                 "1x",
                                 "x1",
                                 "1 2",
                                 "9999999999999999999",
                                 "18446744073709551615",
                                 "18446744073709551616",
                                 "99999999999999999999",
                                 "00000000000000000000000001",
                                 "0x10",
                                 "1.5"};
  std::mt19937_64 random(20'240'601);
  for (int i = 0; i < 200; ++i) texts.push_back(std::to_string(random() >> (random() % 64)));
  for (const std::string& text : texts) {
    for (const char* tail : {"", "\n", " \n", "\n\n"}) {
      EXPECT_EQ(counted(folder, text + tail), parse_number<std::uint64_t>(text + tail)) << '"' << text << tail << '"';
    }
  }
  EXPECT_EQ(counted(folder, std::string(32, '1')), std::nullopt);  // there may be more of it
}

bool is_pending(int signal) {
  sigset_t pending;
  ::sigpending(&pending);
  return ::sigismember(&pending, signal) == 1;
}

// SIGXFSZ, which a write beyond the limit sends, ends a program that has not asked for it.
TEST(WriteSome, BeyondTheLimitIsAnErrorAndNoSignal) {
  const fakes::Scratch folder;
  const Descriptor file = std::move(create_file(folder / "a")).value();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit limit{10, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_EQ(write_some(file, "0123456789abcdef"), 10);
  const auto refused = [&] {
    errno = 0;
    return write_some(file, "more") < 0 && errno == EFBIG;
  };
  EXPECT_TRUE(refused());
  EXPECT_FALSE(is_pending(SIGXFSZ));
  int refusals = 0;
  {
    std::latch done(1);
    const Thread thread("writer", [&](Waker&) {
      refusals = static_cast<int>(refused()) + static_cast<int>(refused());
      done.count_down();
    });
    done.wait();
  }
  EXPECT_EQ(refusals, 2);
  EXPECT_FALSE(is_pending(SIGXFSZ));  // the thread's own went with it
  ::setrlimit(RLIMIT_FSIZE, &before);
}

// A signal of the program's own that waits already stays its own.
TEST(WriteSome, LeavesTheProgramsOwnSignals) {
  sigset_t pipe;
  sigset_t before;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &pipe, &before), 0);
  ASSERT_EQ(::raise(SIGPIPE), 0);
  const fakes::Scratch folder;
  const Descriptor file = std::move(create_file(folder / "a")).value();
  EXPECT_EQ(write_some(file, "abc"), 3);
  EXPECT_TRUE(is_pending(SIGPIPE));
  int taken = 0;
  ::sigwait(&pipe, &taken);
  EXPECT_EQ(taken, SIGPIPE);
  EXPECT_EQ(::pthread_sigmask(SIG_SETMASK, &before, nullptr), 0);
}

}  // namespace
}  // namespace impact
