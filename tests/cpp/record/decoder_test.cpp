#include "impact/record/decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpp/record/sample_record.hpp"

namespace impact {
namespace {

using namespace record_test;
using testing::HasSubstr;
using Found = Decoder::Found;

struct DecodedLines : testing::Test {
  Decoder decoder{sample_header()};
  Event event;

  Found decode(std::string_view line) { return decoder.decode(line, event); }
  std::string reason(std::string_view line) { return decode(line) == Found::damage ? decoder.reason() : "no damage"; }
};

TEST_F(DecodedLines, ARowNeedsItsKeyRow) {
  EXPECT_THAT(reason("[1,2,3,4]"), HasSubstr("before its key row"));
  EXPECT_EQ(decode(R"(["k",0,10,1,18446744073709551615,5])"), Found::event);
  EXPECT_EQ(decode("[1,2,3,null]"), Found::event);
  EXPECT_EQ(said(event), "row 0 0:measured:2@5000000134456-5000000136456 1:missing:0@5000000134456-5000000136456");
}

TEST_F(DecodedLines, ATableOfDamage) {
  ASSERT_EQ(decode(R"(["k",0,10,1,100,5])"), Found::event);
  for (const char* line :
       {"{}",
        "x",
        "[",
        "[]",
        "[1",
        "[1,",
        "[1]",
        "[1,2]",
        "[1,2,3]",
        "[1,2,3,4",
        "[1,2,3,4,5]",
        "[1,2,3,4]x",
        "[1,2,3,]",
        "[1,2,,4]",
        "[1,-2,3,4]",
        "[1.5,2,3,4]",
        "[1e3,2,3,4]",
        "[ 1,2,3,4]",
        "[+1,2,3,4]",
        "[1,2,3,9223372036854775808]",
        "[9223372036854775807,2,3,4]",
        "[4000000000000001,2,3,4]",
        "[1,9223372036854775807,3,4]",
        "[1,2,3,[4]]",
        "[1,2,3,[4,9]]",
        "[1,2,3,[4,4]]",
        "[1,2,3,[null,0]]",
        "[1,2,3,[4,0,1]]",
        "[1,2,3,[4,0,9223372036854775807,1]]",
        "[-3,1,1,5]",
        "[-9223372036854775808,1,1,5]",
        "[-1",
        "[-1,1,1,2,3]",
        "[\"k\"]",
        "[\"k\",9,1,1,1]",
        "[\"k\",0,1,1,-1,5]",
        "[\"k\",0,1,1,1,5",
        "[\"s\",9,1,1,1]",
        "[\"s\",0,1,1,-1]",
        "[\"s\",0,1,1]",
        "[\"s\",0,1,1,1,4]",
        "[\"s\",0,1,-1,1]",
        "[\"s\",0,1,1,1]]",
        "[\"z\",1",
        "[\"z\",0,1,1,1,5]",
        "{\"e\":7}",
        "{\"m\":7}",
        "{\"m\":\"enter\"}",
        "{\"x\":1}",
        "{\"e\":\"note\"",
        "{\"m\":\"enter\",\"r\":-1,\"at\":0,\"v\":[]}",
        "{\"m\":\"enter\",\"r\":1,\"at\":0.5,\"v\":[]}",
        "{\"m\":\"enter\",\"r\":1,\"at\":0}",
        "{\"m\":\"enter\",\"r\":1,\"at\":0,\"v\":[[0,0,1,2]]}",
        "{\"m\":\"enter\",\"r\":1,\"at\":0,\"v\":[[9,0,1,2,3]]}",
        "{\"m\":\"enter\",\"r\":1,\"at\":0,\"v\":[[0,4,1,2,3]]}",
        "{\"m\":\"enter\",\"r\":1,\"at\":0,\"v\":[[0,0,null,2,3]]}",
        "{\"m\":\"enter\",\"r\":1,\"at\":0,\"v\":[[0,5,1,2,3]]}",
        "{\"m\":\"enter\",\"r\":1,\"at\":0,\"v\":[[0,0,-1,2,3]]}",
        "{\"m\":\"enter\",\"r\":1,\"at\":0,\"v\":[0]}",
        "{\"m\":\"enter\",\"r\":1,\"at\":0,\"n\":1,\"v\":[]}",
        "{\"m\":\"enter\",\"r\":1,\"at\":0,\"edges\":\"x\",\"v\":[]}",
        "{\"m\":\"enter\",\"r\":1,\"at\":9223372036854775807,\"v\":[]}",
        "{\"m\":\"enter\",\"r\":1,\"at\":0,\"v\":[[0,0,1,4000000000000000000,9000000000000000000]]}"}) {
    EXPECT_EQ(decode(line), Found::damage) << line;
    EXPECT_FALSE(decoder.reason().empty());
  }
  EXPECT_EQ(decode(std::string("[1,2,3,4\0]", 10)), Found::damage);
  EXPECT_EQ(decode("{\"e\":" + std::string(1'000'000, '[')), Found::damage);
}

TEST_F(DecodedLines, LaterKindsAreIgnored) {
  EXPECT_EQ(decode(R"({"e":"weather","x":[1,2]})"), Found::ignored);
  EXPECT_EQ(decode(R"({"m":"pause","r":1})"), Found::ignored);
  EXPECT_EQ(decode(""), Found::ignored);
}

TEST_F(DecodedLines, MembersUnknownToThisVersionDoNotMatter) {
  EXPECT_EQ(decode(R"({"m":"exit","r":1,"at":5,"v":[],"why":"later"})"), Found::event);
  EXPECT_EQ(std::get<Mark>(event).at, kStart + Duration{5});
}

TEST_F(DecodedLines, AKeyRowStartsAnew) {
  ASSERT_EQ(decode(R"(["k",0,10,1,100,5])"), Found::event);
  ASSERT_EQ(decode(R"(["k",0,20,1,null,6])"), Found::event);
  ASSERT_EQ(decode("[1,1,7,1]"), Found::event);
  EXPECT_EQ(std::get<Row>(event).readings[0].count, 7);  // the difference to nothing is the count itself
  EXPECT_EQ(std::get<Row>(event).readings[1].count, 7);
}

}  // namespace
}  // namespace impact
