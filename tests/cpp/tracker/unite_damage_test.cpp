// Records of one machine whose lines were damaged, lost or written twice.
#include <gmock/gmock.h>

#include <fstream>
#include <functional>
#include <utility>

#include "cpp/tracker/united.hpp"
#include "fakes/random.hpp"
#include "impact/tracker/replay.hpp"
#include "impact/tracker/unite.hpp"

namespace impact::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

// What is done to the lines of a file: the mark of a region's begin or end twice, or the run's start damaged.
void rewrite(const std::filesystem::path& path,
             const std::function<std::vector<std::string>(const std::string&)>& change) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    for (const std::string& changed : change(line)) lines.push_back(changed);
  }
  in.close();
  std::ofstream out(path, std::ios::trunc);
  for (const std::string& line : lines) out << line << "\n";
}

bool is_mark(const std::string& line) { return line.starts_with("{\"m\":"); }
bool is_start(const std::string& line) { return line.starts_with("{\"m\":\"enter\",\"r\":0"); }

TEST_F(Unite, MarksThatStandTwiceCountOnce) {
  for (const bool doubled : {false, true}) {
    SCOPED_TRACE(doubled);
    ranks_.clear();
    for (int i = 0; i < 2; ++i) rank({rapl(kSquare)}, 100);
    for (const auto& r : ranks_) r->start(100.1);
    ranks_[0]->enter(1, "epoch", 110);
    ranks_[0]->exit(1, 120);
    ranks_[0]->stop(130);
    ranks_[1]->enter(1, "epoch", 115);
    ranks_[1]->exit(1, 140);
    ranks_[1]->stop(160);
    if (doubled) {
      for (const auto& r : ranks_) {
        rewrite(r->span().path,
                [](const std::string& line) { return is_mark(line) ? std::vector{line, line} : std::vector{line}; });
      }
    }
    const United u = united();
    EXPECT_NEAR(seconds(u.run.stop - u.run.start), 59.9, 1e-6);
    expect_holds(u.run, truth(kSquare, u.run));
    ASSERT_THAT(u.regions, SizeIs(1));
    EXPECT_NEAR(seconds(u.regions[0].stop - u.regions[0].start), 30.0, 1e-6);
    expect_holds(u.regions[0], truth(kSquare, u.regions[0]));
    EXPECT_FALSE(u.run.energy.partial());
  }
}

// A later version may write kinds of lines that this one does not know. They change no number, and the result tells of them.
TEST_F(Unite, LinesOfALaterVersionAreToldInTheResult) {
  fakes::Random random(20261130);
  for (int round = 0; round < 4; ++round) {
    ranks_.clear();
    for (int i = 0; i < 2; ++i) rank({rapl(kSquare)}, 100);
    for (const auto& r : ranks_) r->start(100.1);
    for (const auto& r : ranks_) r->stop(130);
    const United before = united();
    int all = 0;
    for (const auto& r : ranks_) {
      int later = 0;
      bool is_header = true;
      rewrite(r->span().path, [&](const std::string& line) {
        std::vector<std::string> lines{line};
        if (std::exchange(is_header, false)) return lines;
        for (std::int64_t n = random.between(0, 2); n > 0; --n, ++later) {
          lines.push_back(n == 1 ? R"({"e":"weather","of":"a later version"})" : R"({"m":"pause","r":0})");
        }
        if (random.between(0, 1) == 0) lines.emplace_back();  // an empty line says nothing in any version
        return lines;
      });
      all += later;
      const Replay alone = replay(r->span().path).value();
      EXPECT_FALSE(alone.damage);
      EXPECT_THAT(alone.run.value().notes,
                  Contains(StartsWith(std::to_string(later) + " lines of the record are of kinds")));
    }
    const United u = united();
    EXPECT_EQ(u.run.energy.best().value(), before.run.energy.best().value());
    EXPECT_THAT(u.run.notes, Contains(StartsWith(std::to_string(all) + " lines of the record are of kinds")));
    EXPECT_THAT(before.run.notes, Not(Contains(HasSubstr("does not know"))));
  }
}

TEST_F(Unite, ARunWhoseStartIsDamagedBeginsAtItsFirstReading) {
  for (int i = 0; i < 2; ++i) rank({rapl(kSquare)}, 100);
  for (const auto& r : ranks_) r->start(100.1);
  ranks_[0]->stop(130);
  ranks_[1]->stop(160);
  std::vector<RecordSpan> spans;
  for (const auto& r : ranks_) {
    rewrite(r->span().path, [](const std::string& line) {
      return std::vector{is_start(line) ? line.substr(0, line.size() / 2) : line};
    });
    const Replay alone = replay(r->span().path).value();
    ASSERT_TRUE(alone.run);
    spans.push_back({r->span().path, alone.run->start, alone.run->stop});
  }
  const United u = unite(spans).value();
  EXPECT_NEAR(seconds(u.run.stop - u.run.start), 59.9, 1.1);
  expect_holds(u.run, truth(kSquare, u.run));
  for (const RegionResult& record : u.records) expect_holds(record, truth(kSquare, record));
}

// Whatever is done to the lines, nothing that is shown is below 0 J or above what the machine can have drawn.
TEST_F(Unite, DamagedLinesAddNothing) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    fakes::Random random(seed);
    ranks_.clear();
    for (int i = 0; i < 3; ++i) rank({rapl(kSquare)}, 100);
    for (const auto& r : ranks_) r->start(100.1 + static_cast<double>(random.between(0, 50)) / 10);
    for (const auto& r : ranks_) {
      r->enter(1, "epoch", 110 + static_cast<double>(random.between(0, 40)) / 10);
      r->exit(1, 120 + static_cast<double>(random.between(0, 40)) / 10);
      r->stop(130 + static_cast<double>(random.between(0, 200)) / 10);
    }
    std::vector<RecordSpan> spans;
    for (const auto& r : ranks_) {
      bool is_header = true;
      rewrite(r->span().path, [&](const std::string& line) -> std::vector<std::string> {
        if (std::exchange(is_header, false)) return {line};
        switch (random.between(0, 30)) {
          case 0: return {};
          case 1: return {line, line};
          case 2:
            return {
                line.substr(0, static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(line.size()))))};
          case 3: return {"\xff\xfe", line};
          default: return {line};
        }
      });
      const Replay alone = replay(r->span().path).value();
      const RegionResult run = alone.result();
      EXPECT_FALSE(run.energy.best() < Joules{0});
      if (alone.run) spans.push_back({r->span().path, run.start, run.stop});
    }
    if (spans.empty()) continue;
    const United u = unite(spans).value();
    std::vector<RegionResult> results = u.regions;
    results.push_back(u.run);
    results.insert(results.end(), u.records.begin(), u.records.end());
    for (const RegionResult& result : results) {
      EXPECT_FALSE(result.energy.best() < Joules{0}) << result.name;
      EXPECT_FALSE(result.energy.best() > Joules{180.0 * seconds(result.stop - result.start) + 400.0}) << result.name;
    }
  }
}

}  // namespace
}  // namespace impact::test
