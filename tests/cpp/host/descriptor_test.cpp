// Descriptors in a program that closes what it did not open.
#include "impact/host/file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "fakes/scratch.hpp"

namespace impact {
namespace {

using fakes::Scratch;

void write(const std::filesystem::path& path, const std::string& text) { std::ofstream(path) << text; }

std::string text_of(int fd) {
  std::array<char, 64> buffer{};
  const ssize_t n = ::pread(fd, buffer.data(), buffer.size(), 0);
  return n < 0 ? "closed" : std::string(buffer.data(), static_cast<std::size_t>(n));
}

// Opens a file of the program's own at a number that the program has closed.
void take_over(int fd, const std::filesystem::path& path) {
  const int own = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_GE(own, 0);
  ASSERT_EQ(::dup2(own, fd), fd);
  ::close(own);
}

TEST(Descriptor, AKeptOneStandsHighAndIsClosedOnExec) {
  const Scratch dir;
  write(dir / "counter", "1234\n");
  const Descriptor kept = std::move(open_for_reading(dir / "counter")).value();
  EXPECT_GE(kept.get(), 512);
  EXPECT_EQ(::fcntl(kept.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_TRUE(kept.is_ours());
  EXPECT_EQ(read_count(kept), 1234U);
}

TEST(Descriptor, IsNeverAStandardOne) {
  const Scratch dir;
  write(dir / "counter", "7\n");
  const int standard_input = ::fcntl(0, F_DUPFD_CLOEXEC, 100);
  ::close(0);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit low = before;
  low.rlim_cur = 400;  // no number as high as is wished for
  ::setrlimit(RLIMIT_NOFILE, &low);
  {
    const Descriptor kept = std::move(open_for_reading(dir / "counter")).value();
    EXPECT_GE(kept.get(), 3);
    EXPECT_LT(kept.get(), 400);
    EXPECT_EQ(read_count(kept), 7U);
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  if (standard_input >= 0) {
    ::dup2(standard_input, 0);
    ::close(standard_input);
  }
}

TEST(Descriptor, WhatTheProgramPutInItsPlaceIsLeftAlone) {
  const Scratch dir;
  write(dir / "counter", "1234\n");
  Descriptor kept = std::move(open_for_reading(dir / "counter")).value();
  const int fd = kept.get();
  ::close(fd);
  EXPECT_FALSE(kept.is_ours());
  write(dir / "own", "theirs");
  take_over(fd, dir / "own");
  EXPECT_FALSE(kept.is_ours());
  kept.close();
  EXPECT_EQ(text_of(fd), "theirs");
  {
    Descriptor moved = std::move(open_for_reading(dir / "counter")).value();
    ::close(moved.get());
    take_over(moved.get(), dir / "own");
    const int second = moved.get();
    Descriptor other = std::move(moved);
    EXPECT_FALSE(other.is_ours());
    other = Descriptor{};
    EXPECT_EQ(text_of(second), "theirs");
    ::close(second);
  }
  ::close(fd);
}

TEST(Descriptor, ComesBackByItsPathWhereTheFileIsTheSame) {
  const Scratch dir;
  Descriptor record = std::move(create_file(dir / "record")).value();
  EXPECT_EQ(write_some(record, "one\n"), 4);
  ::close(record.get());
  EXPECT_FALSE(record.is_ours());
  ASSERT_TRUE(record.reopen_for_appending(dir / "record"));
  EXPECT_EQ(write_some(record, "two\n"), 4);
  EXPECT_EQ(read_text(dir / "record").value(), "one\ntwo");
  ::close(record.get());
  std::filesystem::rename(dir / "record", dir / "moved");
  EXPECT_FALSE(record.reopen_for_appending(dir / "record"));
  write(dir / "record", "another file\n");
  EXPECT_FALSE(record.reopen_for_appending(dir / "record"));
  EXPECT_EQ(read_text(dir / "record").value(), "another file");
}

}  // namespace
}  // namespace impact
