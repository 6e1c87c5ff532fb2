#include "impact/record/outbox.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cpp/record/file_size_limit.hpp"
#include "cpp/record/sample_record.hpp"

namespace impact {
namespace {

using namespace record_test;
using testing::ElementsAre;
using testing::HasSubstr;
using Weight = Outbox::Weight;

Descriptor new_file(const std::filesystem::path& path) {
  auto file = create_file(path);
  EXPECT_TRUE(file);
  return std::move(file).value();
}

TEST(Outbox, WritesInOrderWhatWasAppended) {
  const fakes::Scratch scratch;
  Outbox outbox(new_file(scratch / "a"), scratch / "a");
  EXPECT_TRUE(outbox.append("one\n", Weight::event));
  EXPECT_EQ(text_of(scratch / "a"), "");
  EXPECT_TRUE(outbox.flush());
  EXPECT_TRUE(outbox.append("two\n", Weight::row));
  EXPECT_TRUE(outbox.append("three\n", Weight::row));
  EXPECT_TRUE(outbox.flush());
  EXPECT_EQ(text_of(scratch / "a"), "one\ntwo\nthree\n");
  EXPECT_EQ(outbox.health().bytes_written, 14U);
  outbox.close();
  EXPECT_FALSE(outbox.append("late\n", Weight::event));
  EXPECT_TRUE(outbox.flush());
  EXPECT_EQ(text_of(scratch / "a"), "one\ntwo\nthree\n");
}

TEST(Outbox, AFullDiskIsSaidOnceWithPathAndReason) {
  Outbox outbox(Descriptor{::open("/dev/full", O_WRONLY | O_CLOEXEC)}, "/somewhere/run.jsonl");
  EXPECT_TRUE(outbox.append("one\n", Weight::row));
  EXPECT_FALSE(outbox.flush());
  EXPECT_FALSE(outbox.flush());
  EXPECT_THAT(outbox.health().errors, ElementsAre("/somewhere/run.jsonl: No space left on device"));
  EXPECT_EQ(outbox.health().bytes_written, 0U);
  EXPECT_EQ(outbox.health().dropped_lines, 0U);
}

TEST(Outbox, AFileThatWasDeletedOrMovedMeanwhileIsSaid) {
  const fakes::Scratch scratch;
  Outbox deleted(new_file(scratch / "below" / "a"), scratch / "below" / "a");
  Outbox moved(new_file(scratch / "b"), scratch / "b");
  Outbox there(new_file(scratch / "c"), scratch / "c");
  EXPECT_TRUE(deleted.append("one\n", Weight::event));
  EXPECT_TRUE(deleted.flush());
  std::filesystem::remove_all(scratch / "below");
  std::filesystem::rename(scratch / "b", scratch / "d");
  for (Outbox* outbox : {&deleted, &moved, &there}) outbox->close();
  EXPECT_THAT(deleted.health().errors, ElementsAre(HasSubstr("it was deleted or moved while the run wrote it")));
  EXPECT_THAT(moved.health().errors, ElementsAre(HasSubstr("deleted or moved")));
  EXPECT_THAT(there.health().errors, testing::IsEmpty());
}

TEST(Outbox, GoesOnExactlyWhereAPartialWriteStopped) {
  const fakes::Scratch scratch;
  Outbox outbox(new_file(scratch / "a"), scratch / "a");
  std::string wanted;
  for (int i = 0; i < 10'000; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    wanted += line;
    ASSERT_TRUE(outbox.append(line, Weight::row));
  }
  for (const rlim_t limit : {10'001U, 20'002U, 20'003U}) {
    const FileSizeLimit full(limit);  // its signal would end the process here
    outbox.flush();
  }
  EXPECT_EQ(text_of(scratch / "a"), wanted.substr(0, 20'003));
  EXPECT_THAT(outbox.health().errors, ElementsAre(HasSubstr("File too large")));
  EXPECT_TRUE(outbox.flush());
  EXPECT_EQ(text_of(scratch / "a"), wanted);
  EXPECT_EQ(outbox.health().dropped_lines, 0U);
}

TEST(Outbox, HoldsSixteenMebibytesThenDropsRowsThenEvents) {
  const fakes::Scratch scratch;
  Outbox outbox(new_file(scratch / "a"), scratch / "a");
  const std::string line = std::string(1023, 'x') + "\n";
  std::uint64_t rows = 0;
  std::uint64_t events = 0;
  {
    const FileSizeLimit full(0);
    for (int i = 0; i < 100; ++i) rows += outbox.append(line, Weight::row) ? 1 : 0;
    outbox.flush();  // what waits in the write counts as well
    for (int i = 0; i < 20'000; ++i) rows += outbox.append(line, Weight::row) ? 1 : 0;
    EXPECT_EQ(rows, 15U * 1024);
    for (int i = 0; i < 2'000; ++i) events += outbox.append(line, Weight::event) ? 1 : 0;
    outbox.flush();
  }
  EXPECT_GT(events, 900U);
  EXPECT_LE(events, 1024U);
  const std::uint64_t dropped = 20'100 + 2'000 - rows - events;
  EXPECT_EQ(outbox.health().dropped_lines, dropped);
  EXPECT_FALSE(outbox.append(line, Weight::row)) << "the buffer is still full";
  EXPECT_TRUE(outbox.flush());
  EXPECT_TRUE(outbox.append(line, Weight::row)) << "taken again once it is written";
  EXPECT_TRUE(outbox.flush());
  const std::string text = text_of(scratch / "a");
  EXPECT_EQ(text.size(), outbox.health().bytes_written);
  std::uint64_t said_dropped = 0;
  std::istringstream lines(text);
  for (std::string each; std::getline(lines, each);) {
    if (each.starts_with("{")) said_dropped += nlohmann::json::parse(each).at("lines").get<std::uint64_t>();
  }
  EXPECT_EQ(said_dropped, dropped + 1);
}

// The real thing: a file system of 64 KiB that fills up and is emptied again. In a child with mounts of its own.
int fill_a_small_disk(const std::filesystem::path& folder) {
  constexpr int kCannot = 77;
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kCannot;
  if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=64k") != 0) return kCannot;
  std::ofstream(folder / "ballast") << std::string(32'768, 'b');
  Outbox outbox(new_file(folder / "a"), folder / "a");
  std::string wanted;
  for (int i = 0; i < 10'000; ++i) wanted += std::to_string(i) + "\n";
  outbox.append(wanted, Weight::row);
  if (outbox.flush()) return 1;
  if (outbox.health().errors.size() != 1 ||
      outbox.health().errors[0].find("No space left on device") == std::string::npos)
    return 2;
  std::filesystem::remove(folder / "ballast");
  if (!outbox.flush()) return 3;
  return text_of(folder / "a") == wanted ? 0 : 4;
}

TEST(Outbox, LosesNothingOnADiskThatWasFull) {
  const fakes::Scratch scratch;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(fill_a_small_disk(scratch / ""));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no right to mount a small file system";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Outbox, SetsRoomAsideForItsLastLinesAndGivesItBack) {
  const fakes::Scratch scratch;
  Outbox outbox(new_file(scratch / "a"), scratch / "a", 4096);
  outbox.append("one\n", Weight::row);
  ASSERT_TRUE(outbox.flush());
  struct stat state{};
  ASSERT_EQ(::stat((scratch / "a").c_str(), &state), 0);
  EXPECT_EQ(state.st_size, 4);
  const auto blocks = state.st_blocks;
  outbox.close();
  ASSERT_EQ(::stat((scratch / "a").c_str(), &state), 0);
  EXPECT_EQ(text_of(scratch / "a"), "one\n");
  if (blocks * 512 < 4 + 4096) GTEST_SKIP() << "this file system sets nothing aside";
  EXPECT_LT(state.st_blocks, blocks);
}

// A disk of 64 KiB that fills up and stays full: the last lines stand in the file, behind whole lines alone.
int end_on_a_full_disk(const std::filesystem::path& folder) {
  constexpr int kCannot = 77;
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kCannot;
  if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=64k") != 0) return kCannot;
  Outbox outbox(new_file(folder / "a"), folder / "a", 8192);
  std::string written;
  std::uint64_t lost = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    outbox.append(line, Weight::row);
    if (i % 100 != 99) continue;
    if (outbox.flush()) continue;
    if (!outbox.is_full()) return 1;
    lost = outbox.lines_not_written();
  }
  if (lost == 0) return 2;
  const std::string last(8000, 'x');
  std::ofstream(folder / "other") << std::string(65'536, 'o');  // another program takes what is left
  if (!outbox.end_with(last + "\n")) return 3;
  if (outbox.health().dropped_lines != lost) return 4;
  outbox.close();
  for (std::uint64_t i = 0; i < 10'000 - lost; ++i) written += "line " + std::to_string(i) + "\n";
  return text_of(folder / "a") == written + last + "\n" ? 0 : 5;
}

TEST(Outbox, EndsWithItsLastLinesOnADiskThatIsFull) {
  const fakes::Scratch scratch;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(end_on_a_full_disk(scratch / ""));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no right to mount a small file system";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Outbox, AChildTouchesNeitherTheBufferNorTheFile) {
  const fakes::Scratch scratch;
  auto outbox = std::make_unique<Outbox>(new_file(scratch / "a"), scratch / "a");
  outbox->append("parent\n", Weight::row);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool taken = outbox->append("child\n", Weight::row);
    outbox->flush();
    outbox->close();
    outbox.reset();
    ::_exit(taken ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(text_of(scratch / "a"), "");
  EXPECT_TRUE(outbox->flush());
  EXPECT_EQ(text_of(scratch / "a"), "parent\n");
}

}  // namespace
}  // namespace impact
