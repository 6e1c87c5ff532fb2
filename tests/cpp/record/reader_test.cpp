#include "impact/record/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpp/record/sample_record.hpp"
#include "impact/record/encoder.hpp"
#include "impact/record/header.hpp"

namespace impact {
namespace {

using namespace record_test;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// About 20 lines of every kind.
std::string small_record() {
  const Header header = sample_header();
  Encoder encoder(header);
  fakes::Random random(3);
  std::string lines = encode_header(header) + "\n";
  for (int i = 0; i < 6; ++i) {
    const std::int64_t t = 100'000 * i;
    lines += encoder.row(0, std::vector{reading(0, 1'000'000 + 10'000'000 * i, t, 3), reading(1, 5'000'000 * i, t, 3)});
    lines += encoder.row(1, any_round(random, header, 1, t + 7));
    if (i % 3 == 0) lines += encoder.mark(any_mark(random, header, t + 9));
  }
  lines += encoder.remark("note", {{"text", "hello"}});
  lines += encoder.remark("totals", {{"energy_j", 12.5}});
  return lines;
}

std::vector<std::size_t> line_ends(const std::string& text) {
  std::vector<std::size_t> ends;
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) ends.push_back(at);
  return ends;
}

std::vector<std::string> all_of(const std::string& text) {
  auto reader = RecordReader::of_text(text, "text");
  return said_of_rest(reader.value());
}

TEST(Reader, AWholeRecordIsComplete) {
  auto reader = RecordReader::of_text(small_record(), "text");
  ASSERT_TRUE(reader);
  EXPECT_FALSE(reader.value().complete());
  EXPECT_GT(said_of_rest(reader.value()).size(), 15U);
  EXPECT_TRUE(reader.value().complete());
  EXPECT_FALSE(reader.value().damage());
}

TEST(Reader, CutAnywhereItEndsEarlyWithoutDamage) {
  const std::string whole = small_record();
  const auto wanted = all_of(whole);
  const std::size_t header_end = whole.find('\n');
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    auto reader = RecordReader::of_text(whole.substr(0, cut), "text");
    if (cut <= header_end) {
      ASSERT_FALSE(reader);
      EXPECT_THAT(reader.error().what, HasSubstr(cut == 0 ? "the file is empty" : "cut short"));
      continue;
    }
    ASSERT_TRUE(reader) << cut;
    const auto got = said_of_rest(reader.value());
    ASSERT_LE(got.size(), wanted.size());
    ASSERT_TRUE(std::equal(got.begin(), got.end(), wanted.begin())) << cut;
    ASSERT_FALSE(reader.value().damage()) << cut << *reader.value().damage();
    ASSERT_FALSE(reader.value().complete()) << cut;
  }
}

// One test for each byte that stands in the place of every other: under a sanitizer all of them together take minutes.
class BrokenByte : public testing::TestWithParam<char> {};

TEST_P(BrokenByte, NeverCrashesAndWhatCameBeforeStands) {
  const std::string whole = small_record();
  const auto wanted = all_of(whole);
  const auto ends = line_ends(whole);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    // Events before the broken line: each single is a line, so lines and events after the header are one to one.
    const auto before = static_cast<std::size_t>(std::lower_bound(ends.begin(), ends.end(), at) - ends.begin());
    std::string broken = whole;
    broken[at] = GetParam();
    auto reader = RecordReader::of_text(broken, "text");
    if (!reader) {
      ASSERT_EQ(before, 0U) << at;
      continue;
    }
    if (before == 0) {  // the header still reads: its rows may mean other channels, but must not crash
      said_of_rest(reader.value());
      continue;
    }
    const auto got = said_of_rest(reader.value());
    ASSERT_GE(got.size(), before - 1) << at;
    ASSERT_TRUE(std::equal(got.begin(), got.begin() + static_cast<std::ptrdiff_t>(before - 1), wanted.begin())) << at;
  }
}

INSTANTIATE_TEST_SUITE_P(Reader, BrokenByte, testing::Values('\0', '\n', 'x', '9', '"', '[', '\xFF', '-', ',', ']'));

TEST(Reader, DamageNamesLineByteAndReason) {
  std::string text = small_record();
  const auto ends = line_ends(text);
  text.replace(ends[3] + 1, 5, std::string("\0\1\2\3\4", 5));
  auto reader = RecordReader::of_text(text, "text");
  said_of_rest(reader.value());
  EXPECT_THAT(reader.value().damage().value_or(""),
              StartsWith("line 5 (byte " + std::to_string(ends[3] + 1) + "): zero bytes; "));
  Event event;
  EXPECT_FALSE(reader.value().next(event));
}

TEST(Reader, ALineOfAnotherProgramIsPassedOverAndNothingElseIsLost) {
  const std::string text = small_record();
  const auto wanted = all_of(text);
  for (const char* foreign :
       {"hello", "epoch 3, loss 0.25", "{\"epoch\": [1, 2]}", "{\"m\":\"enter\"}", "caf\xE9", "17"}) {
    for (const std::size_t end : line_ends(text)) {
      auto reader = RecordReader::of_text(std::string(text).insert(end + 1, std::string(foreign) + "\n"), "text");
      EXPECT_EQ(said_of_rest(reader.value()), wanted) << foreign;
      EXPECT_TRUE(reader.value().complete());
      EXPECT_THAT(reader.value().damage().value_or(""), EndsWith("; 1 line was passed over"));
    }
  }
}

TEST(Reader, BehindABrokenRowIsReadWhatDoesNotBuildOnIt) {
  const Header header = sample_header();
  Encoder encoder(header);
  std::vector<std::string> lines{encode_header(header) + "\n"};
  for (int i = 0; i < 650; ++i) {
    const std::int64_t t = 100'000 * i;
    lines.emplace_back(encoder.row(0, std::vector{reading(0, 1000 * i, t, 3), reading(1, 5 * i, t, 3)}));
  }
  lines.emplace_back(encoder.remark("totals", {{"energy_j", 12.5}}));
  const auto read = [&lines](std::size_t broken, const std::string& with) {
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) text += i == broken ? with : lines[i];
    return text;
  };
  const auto wanted = all_of(read(0, lines[0]));
  for (const std::string& with :
       {std::string("[1000,12\n"), std::string("000,3,5]\n"), std::string(40, '\0') + "\n", std::string("[1000,12"),
        std::string(20, '\0'), "hello" + lines[11], lines[11] + "[9,9\n", std::string("[\n3]\n")}) {
    auto reader = RecordReader::of_text(read(11, with), "text");
    const auto got = said_of_rest(reader.value());
    std::vector<std::string> left(wanted.begin(), wanted.begin() + 10);
    left.insert(left.end(), wanted.begin() + 600, wanted.end());                    // from the next key row
    if (got.size() == left.size() + 1) left.insert(left.begin() + 10, wanted[10]);  // the good one before a broken one
    EXPECT_EQ(got, left) << with;
    EXPECT_TRUE(reader.value().complete());
    EXPECT_THAT(reader.value().damage().value_or(""), HasSubstr("passed over, and "));
  }
}

TEST(Reader, TheHeaderOfAnotherRecordEndsTheReading) {
  const std::string text = small_record();
  auto reader = RecordReader::of_text(text + text, "text");
  EXPECT_EQ(said_of_rest(reader.value()), all_of(text));
  EXPECT_THAT(reader.value().damage().value_or(""), HasSubstr("the header of another record; everything before"));
}

TEST(Reader, ALineThatIsTooLongIsPassedOver) {
  const std::string text = small_record();
  const std::size_t at = line_ends(text).front() + 1;
  auto reader = RecordReader::of_text(std::string(text).insert(at, std::string(kMaxLineBytes + 2, '1') + "\n"), "text");
  EXPECT_EQ(said_of_rest(reader.value()), all_of(text));
  EXPECT_THAT(reader.value().damage().value_or(""), HasSubstr("longer than"));
}

TEST(Reader, AHugeLineIsDamageNotMemory) {
  auto reader =
      RecordReader::of_text(encode_header(sample_header()) + "\n" + std::string(kMaxLineBytes + 2, '1'), "text");
  EXPECT_TRUE(said_of_rest(reader.value()).empty());
  EXPECT_THAT(reader.value().damage().value_or(""), HasSubstr("longer than"));
}

TEST(Reader, ErrorsNamePathAndReason) {
  const fakes::Scratch scratch;
  EXPECT_THAT(RecordReader::open(scratch / "none.jsonl").error().what, HasSubstr("none.jsonl: No such file"));
  EXPECT_THAT(RecordReader::open(scratch / "").error().what, HasSubstr("Is a directory"));
  std::ofstream(scratch / "later.jsonl") << R"({"format":"impact-tracker-record","version":7})"
                                         << "\n";
  EXPECT_THAT(RecordReader::open(scratch / "later.jsonl").error().what,
              HasSubstr("later.jsonl: line 1 (byte 0): schema version 7"));
  std::ofstream(scratch / "other.jsonl") << "timestamp,power\n";
  EXPECT_THAT(RecordReader::open(scratch / "other.jsonl").error().what, HasSubstr("not a JSON object"));
}

TEST(Reader, FollowsARecordThatIsBeingWritten) {
  const fakes::Scratch scratch;
  const std::string whole = small_record();
  const auto wanted = all_of(whole);
  std::ofstream file(scratch / "live.jsonl", std::ios::binary);
  const std::size_t header = whole.find('\n') + 1;
  file << whole.substr(0, header) << std::flush;
  auto reader = RecordReader::open(scratch / "live.jsonl");
  ASSERT_TRUE(reader);
  std::vector<std::string> got;
  Event event;
  for (std::size_t at = header; at < whole.size(); at += 7) {
    file << whole.substr(at, 7) << std::flush;
    while (reader.value().next(event)) got.push_back(said(event));
  }
  EXPECT_EQ(got, wanted);
  EXPECT_TRUE(reader.value().complete());
}

TEST(Reader, ReadsAFileOfManyChunks) {
  const fakes::Scratch scratch;
  const Header header = sample_header();
  Encoder encoder(header);
  std::ofstream file(scratch / "long.jsonl", std::ios::binary);
  file << encode_header(header) << "\n";
  constexpr int kRows = 50'000;
  for (int i = 0; i < kRows; ++i) {
    file << encoder.row(0,
                        std::vector{reading(0, 10'000'000LL * i, 100'000LL * i), reading(1, 7LL * i, 100'000LL * i)});
  }
  file.close();
  auto reader = RecordReader::open(scratch / "long.jsonl");
  ASSERT_TRUE(reader);
  Event event;
  int rows = 0;
  while (reader.value().next(event)) {
    ASSERT_EQ(std::get<Row>(event).readings[0].count, 10'000'000LL * rows);
    ++rows;
  }
  EXPECT_EQ(rows, kRows);
}

// A record of version 1 as it was first written. It must read like this for ever.
TEST(Reader, TheFirstRecordStaysReadable) {
  const std::filesystem::path folder = std::filesystem::path(IMPACT_TEST_DATA) / "records" / "v1";
  auto reader = RecordReader::open(folder / "every_line.jsonl");
  ASSERT_TRUE(reader) << reader.error().what;
  std::string said_all;
  for (const std::string& event : said_of_rest(reader.value())) said_all += event + "\n";
  EXPECT_EQ(said_all, text_of(folder / "every_line.expected.txt"));
  EXPECT_TRUE(reader.value().complete());
  EXPECT_FALSE(reader.value().damage());
  EXPECT_EQ(reader.value().ignored_lines(), 2U);
  EXPECT_EQ(reader.value().header().channels.size(), 5U);
  EXPECT_EQ(reader.value().header().info.at("host").at("cpus"), 2);
}

}  // namespace
}  // namespace impact
