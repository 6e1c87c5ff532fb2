#include "impact/sources/service_frame.hpp"

#include <gmock/gmock.h>

#include "cpp/sources/service_frames.hpp"

namespace impact::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using testing::HasSubstr;

std::string refusal(const json& frame) {
  const Result<ServiceFrame> parsed = parse_service_frame(frame.dump());
  return parsed ? "" : parsed.error().what;
}

TEST(ServiceFrame, ChannelsAreWhatTheReaderBehindSays) {
  json frame = service_frame();
  frame["channels"][0]["sensor"]["quality"] = "modelled";
  frame["channels"][0]["sensor"]["relative_error"] = 0.1;
  const Result<ServiceFrame> parsed = parse_service_frame(frame.dump());
  ASSERT_TRUE(parsed) << parsed.error().what;
  EXPECT_EQ(parsed.value().interval, 1s);
  EXPECT_EQ(parsed.value().taken, instant(5'000'000'000));
  EXPECT_EQ(parsed.value().before, instant(4'000'000'000));
  ASSERT_EQ(parsed.value().channels.size(), 2U);
  const ServiceChannel& package = parsed.value().channels[0];
  EXPECT_EQ(package.channel.id, "rapl/package-0");
  EXPECT_EQ(package.channel.source, "rapl_powercap");
  EXPECT_EQ(package.channel.device, "cpu:0");
  EXPECT_EQ(package.channel.domain, Domain::package);
  EXPECT_EQ(package.channel.kind, Kind::counter);
  EXPECT_EQ(package.channel.unit, Unit::joule);
  EXPECT_EQ(package.channel.scale, 0.01);
  EXPECT_EQ(package.channel.range, 0U);
  EXPECT_EQ(package.channel.update_period, 1s);  // the service's, not the sensor's
  EXPECT_EQ(package.channel.max_power.value(), 500.0);
  EXPECT_EQ(package.channel.quality, Quality::modelled);
  EXPECT_EQ(package.channel.relative_error, 0.1);
  EXPECT_EQ(package.count, 10'000);
  EXPECT_EQ(package.before, 2'000);
}

TEST(ServiceFrame, AGaugeIsThePowerBetweenTwoFrames) {
  json frame = service_frame();
  frame["channels"][0]["sensor"]["kind"] = "gauge";
  frame["channels"][1]["sensor"]["kind"] = "gauge";
  frame["channels"][1]["before_j"] = nullptr;
  const Result<ServiceFrame> parsed = parse_service_frame(frame.dump());
  ASSERT_TRUE(parsed) << parsed.error().what;
  const ServiceChannel& gauge = parsed.value().channels[0];
  EXPECT_EQ(gauge.channel.quantity, "power");
  EXPECT_EQ(gauge.channel.unit, Unit::watt);
  EXPECT_EQ(gauge.channel.window, 1s);
  ASSERT_TRUE(gauge.count);
  EXPECT_NEAR(static_cast<double>(*gauge.count) * gauge.channel.scale, 80.0, 1e-3);
  EXPECT_EQ(parsed.value().channels[1].count, std::nullopt);  // and no 0 W
}

TEST(ServiceFrame, ModelsAreNotHandedOver) {
  json frame = service_frame();
  frame["channels"][1]["source"] = "ram_model";
  EXPECT_EQ(parse_service_frame(frame.dump()).value().channels.size(), 1U);
}

TEST(ServiceFrame, EpochsDifferWhereCountsDoNotFollow) {
  const auto epoch = [](const json& frame) { return parse_service_frame(frame.dump()).value().channels[0].epoch; };
  const json first = service_frame();
  json later = service_frame(9'000'000'000, 300), torn = first, anew = service_frame(9'000'000'000, 3, "fedcba98");
  anew["channels"][1]["before_j"] = anew["channels"][0]["before_j"] = nullptr;
  torn["channels"][0]["segment"] = 1;
  EXPECT_EQ(epoch(first), epoch(later));
  EXPECT_NE(epoch(first), epoch(torn));
  EXPECT_NE(epoch(first), epoch(anew));
}

TEST(ServiceFrame, AnotherVersionNamesWhoIsToBeUpdated) {
  json frame = service_frame();
  frame["version"] = 1;
  EXPECT_THAT(refusal(frame), HasSubstr("update the service"));
  frame["version"] = 3;
  EXPECT_THAT(refusal(frame), HasSubstr("update this program"));
  frame["version"] = true;
  EXPECT_THAT(refusal(frame), HasSubstr("its version is no whole number"));
  frame["version"] = std::string(1U << 20U, 'x');
  EXPECT_LT(refusal(frame).size(), 200U);  // it goes into records and onto screens
}

// A node of 10 kW whose service has not begun anew for a year.
TEST(ServiceFrame, AServiceThatRunsForYearsIsRead) {
  const double energy_j = 1e4 * 365 * 86'400;
  const Result<ServiceFrame> parsed = parse_service_frame(service_frame(5'000'000'000, energy_j).dump());
  ASSERT_TRUE(parsed) << parsed.error().what;
  EXPECT_EQ(parsed.value().channels[0].count, std::llround(energy_j * 100));
  EXPECT_EQ(parsed.value().channels[0].before, std::llround((energy_j - 80) * 100));
}

// Each field of a frame, gone or with a value of another kind.
TEST(ServiceFrame, EveryFieldIsNeeded) {
  const json whole = service_frame();
  const auto without = [&](const json::json_pointer& place, const std::string& key) {
    json frame = whole;
    frame[place].erase(key);
    EXPECT_NE(refusal(frame), "") << place.to_string() << " without " << key;
    for (const json& value : {json("\n"), json(-1), json(true), json::array({1}), json(1e300)}) {
      json other = whole;
      other[place][key] = value;
      EXPECT_NE(refusal(other), "") << place.to_string() << " with " << key << " = " << value.dump();
    }
  };
  for (const char* key : {"version", "clock", "channels"}) without(json::json_pointer(""), key);
  for (const auto& [key, value] : whole["clock"].items()) without(json::json_pointer("/clock"), key);
  for (const char* key : {"id", "source", "device", "domain", "energy_j", "segment", "before_j", "sensor"})
    without(json::json_pointer("/channels/0"), key);
  for (const auto& [key, value] : whole["channels"][0]["sensor"].items())
    without(json::json_pointer("/channels/0/sensor"), key);
}

TEST(ServiceFrame, WhatCannotBeIsRefused) {
  const auto with = [](const char* place, const json& value) {
    json frame = service_frame();
    frame[json::json_pointer(place)] = value;
    return refusal(frame);
  };
  EXPECT_THAT(with("/clock/interval_s", 0.05), HasSubstr("interval_s"));  // nobody is told values so often
  EXPECT_NE(with("/clock/before_ns", 5'000'000'000), "");
  EXPECT_NE(with("/clock/before_ns", nullptr), "");  // while channels have a value of it
  EXPECT_NE(with("/channels/0/before_j", 100.5), "");
  EXPECT_NE(with("/channels/0/energy_j", 3e12), "");
  EXPECT_THAT(with("/channels/1/id", "rapl/package-0"), HasSubstr("one id"));
  EXPECT_NE(with("/channels/0/id", std::string(300, 'x')), "");
  EXPECT_NE(with("/channels/0/sensor/quality", "missing"), "");
  json many = service_frame();
  for (std::size_t i = 0; i <= kMostServiceChannels; ++i)
    many["channels"].push_back(channel_frame("x" + std::to_string(i), "package", 1));
  EXPECT_THAT(refusal(many), HasSubstr("channels"));
}

TEST(ServiceFrame, OtherBytesAreRefused) {
  const std::string deep(1U << 20U, '[');
  for (const std::string& text : {std::string{}, std::string("{oops"), std::string("null"), std::string("[]"), deep,
                                  std::string("{\"version\":") + deep, std::string("\xff\xfe"),
                                  service_frame().dump() + "x", std::string(kLongestServiceFrame + 1, ' ')}) {
    const Result<ServiceFrame> parsed = parse_service_frame(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().kind, ErrorKind::broken);
  }
  const std::string frame = service_frame().dump();
  for (std::size_t length = 0; length < frame.size(); ++length)
    EXPECT_FALSE(parse_service_frame(std::string_view(frame).substr(0, length))) << length;
}

TEST(ServiceFrame, LengthsAreBounded) {
  using namespace std::string_view_literals;
  EXPECT_EQ(parse_service_length("\0\0\0\0"sv), 0U);
  EXPECT_EQ(parse_service_length("\0\0\1\2"sv), 258U);
  EXPECT_EQ(parse_service_length("\0\x40\0\0"sv), kLongestServiceFrame);
  EXPECT_EQ(parse_service_length("\0\x40\0\1"sv), std::nullopt);
  EXPECT_EQ(parse_service_length("\xff\xff\xff\xff"sv), std::nullopt);
  EXPECT_EQ(parse_service_length("\0\0\0"sv), std::nullopt);
}

}  // namespace
}  // namespace impact::test
