#include "impact/record/header.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "cpp/record/sample_record.hpp"

namespace impact {
namespace {

using record_test::sample_header;
using testing::HasSubstr;

std::string with(const std::string& from, const std::string& to) {
  std::string line = encode_header(sample_header());
  line.replace(line.find(from), from.size(), to);
  return line;
}

TEST(HeaderLine, ComesBackAsItWas) {
  const std::string line = encode_header(sample_header());
  ASSERT_TRUE(nlohmann::json::accept(line));
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto back = decode_header(line);
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(encode_header(back.value()), line);
  const Channel& package = back.value().channels[0];
  EXPECT_EQ(package.domain, Domain::package);
  EXPECT_EQ(package.range, 262'143'328'850U);
  EXPECT_EQ(package.update_period, std::chrono::milliseconds{1});
  EXPECT_EQ(package.scale, 1e-6);
  EXPECT_EQ(package.max_power, Watts{412.5});
  EXPECT_EQ(back.value().channels[3].relative_error, 0.30000000000000004);
  EXPECT_EQ(back.value().channels[3].quality, Quality::modelled);
  EXPECT_EQ(back.value().groups[1].channels, (std::vector<std::uint32_t>{2, 3}));
  EXPECT_EQ(back.value().info, sample_header().info);
}

TEST(HeaderLine, NamesAVersionItCannotRead) {
  const auto later = decode_header(R"({"format":"impact-tracker-record","version":2,"anything":1})");
  ASSERT_FALSE(later);
  EXPECT_THAT(later.error().what, HasSubstr("schema version 2"));
  EXPECT_THAT(decode_header(with("\"version\":1", "\"version\":0")).error().what, HasSubstr("schema version 0"));
}

TEST(HeaderLine, SaysWhichPartIsUnfit) {
  const auto reason = [](const std::string& line) {
    const auto header = decode_header(line);
    return header ? std::string("it was read") : header.error().what;
  };
  EXPECT_THAT(reason(with("\"domain\":\"dram\"", "\"domain\":\"drum\"")),
              HasSubstr("channel 1: \"domain\" is \"drum\""));
  EXPECT_THAT(reason(with("\"scale\":1e-06", "\"scale\":\"x\"")), HasSubstr("channel 0: \"scale\" is not a number"));
  EXPECT_THAT(reason(with("262143328850", "1e300")), HasSubstr("channel 0: \"range\" is not a whole number"));
  EXPECT_THAT(reason(with("\"pid\":4242", "\"pid\":99999999999999999999")), HasSubstr("\"pid\""));
  EXPECT_THAT(reason(with("\"channels\":[2,3]", "\"channels\":[2,5]")), HasSubstr("group 1 names channel 5, of 5"));
  EXPECT_THAT(reason(with("\"channels\":[2,3]", "\"channels\":[2,1]")), HasSubstr("is in a group already"));
  EXPECT_THAT(reason(with("\"channels\":[2,3]", "\"channels\":[2,-1]")), HasSubstr("no channel's index"));
  EXPECT_THAT(reason("{}"), HasSubstr("\"format\" is missing"));
  EXPECT_THAT(reason("[1,2]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(reason(std::string(100'000, '[')), HasSubstr("too deep"));
  EXPECT_THAT(reason(std::string("\0\0\0", 3)), HasSubstr("not a JSON object"));
}

TEST(HeaderLine, FaultsAreFoundBeforeWriting) {
  Header header = sample_header();
  EXPECT_FALSE(fault(header));
  header.channels[2].scale = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(fault(header).value_or(""), HasSubstr("channel 2 (cpu/utilisation)"));
  header = sample_header();
  header.groups[2].channels = {9};
  EXPECT_TRUE(fault(header));
}

}  // namespace
}  // namespace impact
