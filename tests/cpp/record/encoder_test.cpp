#include "impact/record/encoder.hpp"

#include <gtest/gtest.h>

#include <clocale>
#include <limits>
#include <locale>

#include "cpp/record/sample_record.hpp"
#include "impact/record/header.hpp"

namespace impact {
namespace {

using namespace record_test;

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

std::string text(std::string_view view) { return std::string(view); }

TEST(EncodedRow, FirstIsAKeyRowThenDifferences) {
  Encoder encoder(sample_header());
  EXPECT_EQ(text(encoder.row(0, std::vector{reading(0, 1000, 10), reading(1, 77, 10)})), "[\"k\",0,10,1,1000,77]\n");
  EXPECT_EQ(text(encoder.row(0, std::vector{reading(0, 1500, 110), reading(1, 70, 110)})), "[100,1,500,-7]\n");
  EXPECT_EQ(text(encoder.row(1, std::vector{reading(2, -5, 11), reading(3, 9, 11, 1, Quality::modelled)})),
            "[\"k\",1,11,1,-5,9]\n");
  EXPECT_EQ(text(encoder.row(1, std::vector{reading(2, -6, 21), reading(3, 10, 21, 1, Quality::modelled)})),
            "[-1,10,1,-6,1]\n");
}

TEST(EncodedRow, EverySixHundredthIsAKeyRow) {
  Encoder encoder(sample_header());
  for (int i = 0; i < 1801; ++i) {
    const std::string line = text(encoder.row(2, std::vector{reading(4, i, i)}));
    EXPECT_EQ(line.starts_with("[\"k\""), i % 600 == 0) << i << ": " << line;
  }
}

TEST(EncodedRow, MissingIsNullAndTheNextDifferenceIsToTheLastPresent) {
  Encoder encoder(sample_header());
  encoder.row(0, std::vector{reading(0, 1000, 0), reading(1, 50, 0)});
  EXPECT_EQ(text(encoder.row(0, std::vector{reading(0, 1001, 10), reading(1, 99, 10, 1, Quality::missing)})),
            "[10,1,1,null]\n");
  EXPECT_EQ(text(encoder.row(0, std::vector{reading(0, 1002, 20), reading(1, 60, 20)})), "[10,1,1,10]\n");
}

TEST(EncodedRow, OwnQualityAndTimesOfAReadingSurvive) {
  Encoder encoder(sample_header());
  encoder.row(0, std::vector{reading(0, 1000, 0), reading(1, 50, 0)});
  EXPECT_EQ(text(encoder.row(0, std::vector{reading(0, 1001, 10, 1, Quality::stale), reading(1, 52, 11, 3)})),
            "[10,1,[1,3],[2,0,1,3]]\n");
}

TEST(EncodedRow, OutOfOrderOrIncompleteBecomesSingles) {
  Encoder encoder(sample_header());
  EXPECT_EQ(
      text(encoder.row(0, std::vector{reading(1, -1, 5, 2, Quality::stale), reading(0, 0, 6, 0, Quality::missing)})),
      "[\"s\",1,5,2,18446744073709551615,3]\n[\"s\",0,6,0,null]\n");
}

TEST(EncodedRow, ABackwardTimeOfGroup0IsAKeyRow) {
  Encoder encoder(sample_header());
  encoder.row(0, std::vector{reading(0, 1, 100), reading(1, 1, 100)});
  EXPECT_EQ(text(encoder.row(0, std::vector{reading(0, 2, 90), reading(1, 2, 90)})), "[\"k\",0,90,1,2,2]\n");
}

TEST(EncodedRow, WhatFitsNoLineIsEmpty) {
  Encoder encoder(sample_header());
  EXPECT_EQ(encoder.row(7, std::vector{reading(0, 1, 1)}), "");
  EXPECT_EQ(encoder.row(0, std::vector{reading(4, 1, 1)}), "");
  EXPECT_EQ(encoder.row(2, std::vector{Reading{4, Quality::measured, 1, instant(kLeast), instant(kMost)}}), "");
  Mark mark;
  mark.at = instant(kLeast);
  EXPECT_EQ(encoder.mark(mark), "");
}

TEST(EncodedRemark, IsOneLineWhateverItsText) {
  Encoder encoder(sample_header());
  EXPECT_EQ(text(encoder.remark("note", {{"e", "x"}, {"text", "a\nb\xFF"}})),
            "{\"e\":\"note\",\"text\":\"a\\nb\xEF\xBF\xBD\"}\n");
  EXPECT_EQ(text(encoder.remark("totals", nlohmann::json::object())), "{\"e\":\"totals\"}\n");
  EXPECT_EQ(text(encoder.remark("note", "plain")), "{\"e\":\"note\",\"value\":\"plain\"}\n");
  EXPECT_EQ(encoder.remark("note", std::string(kMaxLineBytes, 'x')), "");
}

// What any sequence of rounds, marks and remarks says comes back from its lines; every line is JSON.
void round_trip(std::uint64_t seed) {
  const Header header = sample_header();
  Encoder encoder(header);
  fakes::Random random(seed);
  std::string lines = encode_header(header) + "\n";
  std::vector<std::string> wanted;
  std::int64_t t = random.between(-1000, 1000);
  for (int i = 0; i < 2000; ++i) {
    t += random.between(0, 1) == 0 ? 100'000 : random.between(0, 3'000'000'000);
    const auto kind = random.between(0, 9);
    if (kind == 0) {
      const Mark mark = any_mark(random, header, t);
      lines += encoder.mark(mark);
      wanted.push_back(said(Event{mark}));
    } else if (kind == 1) {
      const nlohmann::json body = {{"n", i}, {"x", random.uniform()}};
      lines += encoder.remark("note", body);
      wanted.push_back(said(Event{Note{body}}));
    } else {
      const auto group = static_cast<std::uint32_t>(random.between(0, 2));
      const std::vector<Reading> round = any_round(random, header, group, t);
      lines += encoder.row(group, round);
      for (std::string& row : said_of_round(header, group, round)) wanted.push_back(std::move(row));
    }
    if (random.between(0, 99) == 0) encoder.restart();
  }
  std::istringstream each(lines);
  for (std::string line; std::getline(each, line);) ASSERT_TRUE(nlohmann::json::accept(line)) << line;
  auto reader = RecordReader::of_text(lines, "text");
  ASSERT_TRUE(reader) << reader.error().what;
  EXPECT_EQ(said_of_rest(reader.value()), wanted);
  EXPECT_FALSE(reader.value().damage()) << reader.value().damage().value_or("");
}

TEST(RoundTrip, AnyEventsComeBack) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    round_trip(seed);
  }
}

struct CommaLocale : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(RoundTrip, IsTheSameInALocaleOfCommas) {
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new CommaLocale));
  // The C locale too, where the machine has one with commas.
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"}) {
    if (std::setlocale(LC_NUMERIC, name) != nullptr) break;
  }
  const Header header = sample_header();
  const std::string line = encode_header(header);
  EXPECT_NE(line.find("\"scale\":1e-06"), std::string::npos);
  const auto back = decode_header(line);
  ASSERT_TRUE(back);
  EXPECT_EQ(back.value().channels[0].scale, 1e-6);
  EXPECT_EQ(back.value().channels[0].max_power.value(), 412.5);
  round_trip(11);
  std::setlocale(LC_NUMERIC, "C");
  std::locale::global(before);
}

}  // namespace
}  // namespace impact
