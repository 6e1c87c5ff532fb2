#include "impact/record/writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <atomic>
#include <thread>

#include "cpp/record/file_size_limit.hpp"
#include "cpp/record/sample_record.hpp"
#include "impact/host/clock.hpp"

namespace impact {
namespace {

using namespace record_test;
using testing::HasSubstr;
using namespace std::chrono_literals;

std::shared_ptr<RecordWriter> create(const std::filesystem::path& path) {
  auto writer = RecordWriter::create(path, sample_header());
  EXPECT_TRUE(writer) << writer.error().what;
  return std::move(writer).value();
}

std::vector<Reading> counters(std::int64_t i) {
  return {reading(0, 10'000'000 * i, 100'000 * i), reading(1, 3'000'000 * i, 100'000 * i)};
}

std::vector<std::int64_t> counts_in(const std::filesystem::path& path) {
  auto reader = RecordReader::open(path);
  EXPECT_TRUE(reader) << reader.error().what;
  std::vector<std::int64_t> counts;
  for (Event event; reader.value().next(event);) {
    if (const auto* row = std::get_if<Row>(&event)) counts.push_back(row->readings[0].count / 10'000'000);
  }
  EXPECT_FALSE(reader.value().damage()) << *reader.value().damage();
  return counts;
}

std::vector<std::int64_t> up_to(std::int64_t n) {
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < n; ++i) all.push_back(i);
  return all;
}

// True as soon as it holds; false where it never does.
bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 3000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

int writer_threads() {
  int found = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    found += text_of(task.path() / "comm") == "impact-writer\n" ? 1 : 0;
  }
  return found;
}

int exit_code(pid_t child) {
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(RecordWriter, WhatIsWrittenReadsBack) {
  const fakes::Scratch scratch;
  const auto path = scratch / "sub/run.jsonl";
  fakes::Random random(5);
  const Header header = sample_header();
  std::vector<std::string> wanted;
  {
    const auto writer = create(path);
    EXPECT_EQ(writer->path(), path);
    for (int i = 0; i < 3000; ++i) {
      const auto group = static_cast<std::uint32_t>(random.between(0, 2));
      const auto round = any_round(random, header, group, 100'000 * i);
      writer->row(group, round);
      for (std::string& row : said_of_round(header, group, round)) wanted.push_back(std::move(row));
      if (i % 10 == 0) {
        const Mark mark = any_mark(random, header, 100'000 * i);
        writer->mark(mark);
        wanted.push_back(said(Event{mark}));
      }
      if (i % 100 == 0) writer->flush();
    }
    writer->note({{"text", "remark"}});
    writer->finish({{"energy_j", 1.5}});
    writer->row(0, counters(1));
    writer->finish({});
    wanted.push_back("note {\"text\":\"remark\"}");
    wanted.push_back("totals {\"energy_j\":1.5}");
    EXPECT_EQ(writer->health().bytes_written, std::filesystem::file_size(path));
    EXPECT_EQ(writer->health().dropped_lines, 0U);
    EXPECT_TRUE(writer->health().errors.empty());
  }
  auto reader = RecordReader::open(path);
  ASSERT_TRUE(reader);
  EXPECT_EQ(said_of_rest(reader.value()), wanted);
  EXPECT_TRUE(reader.value().complete());
}

TEST(RecordWriter, CannotBeMadeSaysPathAndReasonAndLeavesNothing) {
  const fakes::Scratch scratch;
  const auto path = scratch / "run.jsonl";
  {
    const FileSizeLimit full(10);
    const auto writer = RecordWriter::create(path, sample_header());
    ASSERT_FALSE(writer);
    EXPECT_THAT(writer.error().what, HasSubstr("run.jsonl: File too large"));
    EXPECT_EQ(writer.error().code, EFBIG);
    EXPECT_THAT(writer.error().advice, HasSubstr("ulimit -f"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  std::ofstream(path) << "mine";
  EXPECT_THAT(RecordWriter::create(path, sample_header()).error().what, HasSubstr("run.jsonl: File exists"));
  EXPECT_EQ(text_of(path), "mine");
  const auto below = RecordWriter::create(path / "below" / "x.jsonl", sample_header());
  EXPECT_THAT(below.error().what, HasSubstr("Not a directory"));
  EXPECT_THAT(below.error().advice, HasSubstr("name another folder"));
  const auto long_name = RecordWriter::create(scratch / std::string(300, 'x') / "x.jsonl", sample_header());
  EXPECT_THAT(long_name.error().advice, HasSubstr("name a shorter path"));
  Header deep = sample_header();
  for (int i = 0; i < 200; ++i) deep.info = nlohmann::json::array({deep.info});
  EXPECT_THAT(RecordWriter::create(scratch / "deep.jsonl", deep).error().what, HasSubstr("too deep"));
  EXPECT_FALSE(std::filesystem::exists(scratch / "deep.jsonl"));
  EXPECT_EQ(writer_threads(), 0);
}

TEST(RecordWriter, IsFlushedByOneThreadThatEndsWithTheLast) {
  const fakes::Scratch scratch;
  auto first = create(scratch / "1.jsonl");
  auto second = create(scratch / "2.jsonl");
  first->row(0, counters(0));
  second->row(0, counters(0));
  second->row(0, counters(1));
  EXPECT_TRUE(eventually([] { return writer_threads() == 1; }));
  EXPECT_TRUE(eventually(
      [&] { return counts_in(scratch / "1.jsonl") == up_to(1) && counts_in(scratch / "2.jsonl") == up_to(2); }));
  first->finish({});
  EXPECT_EQ(writer_threads(), 1);
  second->row(0, counters(2));
  second.reset();  // without totals: what was buffered is written
  // A thread that was joined may stand in /proc a moment longer: the kernel wakes who joins it before it takes it off the list.
  EXPECT_TRUE(eventually([] { return writer_threads() == 0; }));
  EXPECT_EQ(counts_in(scratch / "2.jsonl"), up_to(3));
  const auto third = create(scratch / "3.jsonl");
  third->row(0, counters(0));
  EXPECT_TRUE(eventually([&] { return counts_in(scratch / "3.jsonl") == up_to(1); }));
}

TEST(RecordWriter, AfterALossTheNextRowIsAKeyRow) {
  const fakes::Scratch scratch;
  const auto path = scratch / "run.jsonl";
  const auto writer = create(path);
  const nlohmann::json filler = {{"text", std::string(1'000'000, 'x')}};
  {
    const FileSizeLimit full(0);
    writer->row(0, counters(0));
    writer->flush();
    for (int i = 0; i < 20; ++i) writer->note(filler);
    for (int i = 1; i < 10; ++i) writer->row(0, counters(i));  // dropped
  }
  writer->flush();
  for (int i = 10; i < 20; ++i) writer->row(0, counters(i));
  writer->finish({});
  EXPECT_GT(writer->health().dropped_lines, 9U);
  EXPECT_EQ(writer->health().errors.size(), 1U);
  EXPECT_EQ(counts_in(path), (std::vector<std::int64_t>{0, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}));
  EXPECT_THAT(text_of(path), HasSubstr("\"dropped_lines\""));
}

TEST(RecordWriter, WhatFitsNoLineIsCounted) {
  const fakes::Scratch scratch;
  const auto writer = create(scratch / "run.jsonl");
  writer->row(9, counters(0));
  writer->row(2, counters(0));
  Mark mark;
  mark.readings.resize(1);
  mark.readings[0].first.channel = 99;
  writer->mark(mark);
  EXPECT_EQ(writer->health().dropped_lines, 3U);
  writer->finish({});
}

// The allocator of GCC's address sanitizer does not follow a fork, as glibc's does: a child of a process with threads may wait for
// a lock of it for ever. The two tests whose children allocate while the writer's thread runs are therefore left out under it.
#ifndef __SANITIZE_ADDRESS__
TEST(RecordWriterFork, AChildIsInertAndMayWriteItsOwn) {
  const fakes::Scratch scratch;
  auto writer = create(scratch / "parent.jsonl");
  for (int i = 0; i < 10; ++i) writer->row(0, counters(i));
  const pid_t child = ::fork();
  if (child == 0) {
    writer->row(0, counters(77));
    writer->flush();
    writer->finish({{"who", "child"}});
    writer.reset();
#ifndef __SANITIZE_THREAD__  // which ends a forked child that starts a thread
    const auto own = create(scratch / "child.jsonl");
    own->row(0, counters(0));
    if (!eventually([&] { return counts_in(scratch / "child.jsonl") == up_to(1); })) ::_exit(1);
    own->finish({});
#endif
    ::_exit(testing::Test::HasFailure() ? 2 : 0);
  }
  EXPECT_EQ(exit_code(child), 0);
  for (int i = 10; i < 20; ++i) writer->row(0, counters(i));
  writer->finish({{"who", "parent"}});
  EXPECT_EQ(counts_in(scratch / "parent.jsonl"), up_to(20));
  EXPECT_THAT(text_of(scratch / "parent.jsonl"), Not(HasSubstr("child")));
}

TEST(RecordWriterFork, FortyChildrenWhileThreadsWrite) {
  const fakes::Scratch scratch;
  auto writer = create(scratch / "run.jsonl");
  std::atomic<bool> stop{false};
  std::int64_t written = 0;
  std::thread rows([&] {
    while (!stop) {
      writer->row(0, counters(written++));
      if (written % 1000 == 0) std::this_thread::yield();
    }
  });
  std::thread flushes([&] {
    while (!stop) writer->flush();
  });
  std::thread others([&] {
    for (int i = 0; !stop; ++i) create(scratch / ("other-" + std::to_string(i)))->finish({});
  });
  for (int i = 0; i < 40; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(20);  // a lock that its owner did not follow
      writer->row(0, counters(-1));
      writer->flush();
      writer->note("child");
      writer->finish({});
      writer.reset();
      ::_exit(0);
    }
    EXPECT_EQ(exit_code(child), 0);
  }
  stop = true;
  rows.join();
  flushes.join();
  others.join();
  writer->finish({});
  EXPECT_EQ(writer->health().dropped_lines, 0U);
  EXPECT_EQ(counts_in(scratch / "run.jsonl"), up_to(written));
}
#endif

TEST(RecordWriterKill, LosesAtMostTheLastFlushInterval) {
  const fakes::Scratch scratch;
  fakes::Random random(9);
  struct Shared {
    std::atomic<std::int64_t> rows{0};
  };
  void* page = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  auto* shared = new (page) Shared;
  for (int round = 0; round < 3; ++round) {
    shared->rows = 0;
    const auto path = scratch / (std::to_string(round) + ".jsonl");
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(60);  // where the test ends before it ends this child
      const auto writer = create(path);
      for (std::int64_t i = 0;; ++i) {  // a row a millisecond, its index its count
        writer->row(0, counters(i));
        shared->rows = i + 1;
        std::this_thread::sleep_for(1ms);
      }
    }
    // Between the file's birth and its first line it is none that a reader takes.
    const auto has_a_line = [&] {
      return std::filesystem::exists(path) && text_of(path).find('\n') != std::string::npos;
    };
    const bool began = eventually([&] { return has_a_line() && counts_in(path).size() > 1; });
    std::this_thread::sleep_for(std::chrono::milliseconds{random.between(0, 1200)});
    ::kill(child, SIGKILL);
    EXPECT_EQ(exit_code(child), 1000 + SIGKILL);
    ASSERT_TRUE(began);
    const auto counts = counts_in(path);
    EXPECT_EQ(counts, up_to(static_cast<std::int64_t>(counts.size())));
    // At most 1000 rows a second are made; the second allows for a flusher that came late on a busy machine.
    EXPECT_GE(static_cast<std::int64_t>(counts.size()), shared->rows.load() - 2'000);
  }
  ::munmap(page, sizeof(Shared));
}

}  // namespace
}  // namespace impact
