// Redfish, Kwollect, Prometheus: against services on the loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "cpp/sources/fake_root.hpp"
#include "cpp/sources/http_server.hpp"
#include "impact/host/http.hpp"
#include "impact/sources/iso_time.hpp"
#include "impact/sources/settings.hpp"
#include "impact/sources/web_answers.hpp"

namespace impact {
OpenedSource open_redfish(const Host&, const SourceSettings& = {});
OpenedSource open_kwollect(const Host&, const SourceSettings& = {});
OpenedSource open_prometheus(const Host&, const SourceSettings& = {});
}  // namespace impact

namespace impact::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Settings for one test.
class WebTest : public testing::Test {
 protected:
  void SetUp() override { set("no_proxy", "127.0.0.1", ""); }
  void TearDown() override {
    for (const std::string& name : names_) unsetenv(name.c_str());
  }
  void set(const std::string& name, const std::string& value, const std::string& prefix = "IMPACT_TRACKER_") {
    names_.insert(prefix + name);
    setenv((prefix + name).c_str(), value.c_str(), 1);
  }
  Host host() const { return {root.path("/"), &system_clock()}; }
  FakeRoot root;

 private:
  std::set<std::string> names_;
};

TEST(IsoTime, ReadsEveryFractionAndOffset) {
  const std::int64_t base = 1'744'995'333'000'000'000;  // 2025-04-18T16:55:33Z
  EXPECT_EQ(parse_iso_time("2025-04-18T18:55:33.754307+02:00"), base + 754'307'000);
  EXPECT_EQ(parse_iso_time("2025-04-18T16:55:33Z"), base);
  EXPECT_EQ(parse_iso_time("2025-04-18T16:55:33.123456789Z"), base + 123'456'789);
  EXPECT_EQ(parse_iso_time("2025-04-18T12:25:33.5-04:30"), base + 500'000'000);
  EXPECT_EQ(format_iso_time(base + 754'307'000), "2025-04-18T16:55:33.754Z");
  for (const char* bad :
       {"", "2025-04-18T18:55:33", "2025-13-18T18:55:33Z", "2025-02-30T18:55:33Z", "2025-04-18T25:55:33Z",
        "2025-04-18T18:55:33.Z", "2025-04-18T18:55:33.1234567890Z", "2025-04-18T18:55:33+2:00", "garbage"}) {
    EXPECT_FALSE(parse_iso_time(bad)) << bad;
  }
}

TEST(WebAnswers, RedfishShapes) {
  EXPECT_EQ(parse_redfish_watts(R"({"PowerControl":[{"PowerConsumedWatts":344},{"PowerConsumedWatts":99}]})"), 344);
  EXPECT_EQ(parse_redfish_watts(R"({"PowerWatts":{"Reading":212.5}})"), 212.5);
  EXPECT_EQ(parse_redfish_watts(R"({"Reading":100,"ReadingUnits":"W"})"), 100);
  for (const char* bad :
       {"", "{", "[]", "null", R"({"PowerControl":[]})", R"({"PowerControl":[{"PowerConsumedWatts":0}]})",
        R"({"PowerControl":[{"PowerConsumedWatts":null}]})", R"({"PowerControl":"x"})",
        R"({"Reading":100,"ReadingUnits":"Cel"})", R"({"PowerWatts":{"Reading":"344"}})",
        R"({"PowerWatts":{"Reading":-3}})", "\xff\xfe{}"}) {
    EXPECT_FALSE(parse_redfish_watts(bad)) << bad;
  }
}

TEST(WebAnswers, PrometheusShapes) {
  const auto value = parse_prometheus(
      R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1700000000.5,"131.7"]}]}})");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->utc_ns, 1'700'000'000'500'000'000);
  EXPECT_DOUBLE_EQ(value->value, 131.7);
  EXPECT_TRUE(parse_prometheus(R"({"status":"success","data":{"resultType":"scalar","result":[1700000000,"5"]}})"));
  for (const char* bad :
       {R"({"status":"error"})", R"({"status":"success","data":{"resultType":"vector","result":[]}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"value":[1,"1"]},{"value":[1,"2"]}]}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"value":[1,"NaN"]}]}})", "", "[1]"}) {
    EXPECT_FALSE(parse_prometheus(bad)) << bad;
  }
}

TEST(PublicUrl, HidesCredentials) {
  EXPECT_EQ(public_url("https://u:p@ss@bmc/redfish?token=x#y"), "https://bmc/redfish");
  EXPECT_EQ(public_url("http://h:90/a@b"), "http://h:90/a@b");
  EXPECT_EQ(url_encode("sum(a{b=\"c\"})"), "sum%28a%7Bb%3D%22c%22%7D%29");
}

TEST_F(WebTest, NobodyIsAskedUnlessConfigured) {
  for (const auto& opened : {open_redfish(host()), open_kwollect(host()), open_prometheus(host())}) {
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(opened.error().advice, HasSubstr("IMPACT_TRACKER_"));
  }
}

// A controller with two chassis that wants a session.
struct Bmc {
  ServerAnswer operator()(const ServerRequest& request) {
    if (request.target == "/redfish/v1/SessionService/Sessions") {
      if (request.body.find("\"s3cret\"") == std::string::npos) return {401, "", ""};
      return {
          201, "{}",
          "X-Auth-Token: t" + std::to_string(++sessions) + "\r\nLocation: /redfish/v1/SessionService/Sessions/7\r\n"};
    }
    if (request.method == "DELETE") return {204, "", ""};
    if (request.head.find("x-auth-token: t" + std::to_string(sessions)) == std::string::npos) return {401, "", ""};
    if (request.target == "/redfish/v1/Chassis") {
      return {200, R"({"Members":[{"@odata.id":"/redfish/v1/Chassis/Empty"},{"@odata.id":"/redfish/v1/Chassis/1"}]})",
              ""};
    }
    if (request.target == "/redfish/v1/Chassis/1/Power")
      return {200, "{\"PowerControl\":[{\"PowerConsumedWatts\":" + watts + "}]}", ""};
    return {404, "", ""};
  }
  int sessions = 0;
  std::string watts = "344";
};

TEST_F(WebTest, RedfishKeepsASessionAndDeletesIt) {
  Bmc bmc;
  HttpServer server([&](const ServerRequest& r) { return bmc(r); });
  set("REDFISH", server.url() + "/");
  set("REDFISH_USER", "monitor");
  root.write("/secret", "s3cret\nsecond line\n");
  set("REDFISH_PASSWORD_FILE", root.path("/secret").string());
  {
    const auto source = open(open_redfish(host()));
    EXPECT_EQ(read_one(*source, "redfish/node/power").count, 344'000);
    EXPECT_EQ(source->channels()[0].domain, Domain::wall);
    EXPECT_FALSE(is_fast(*source));
    bmc.watts = "0";
    EXPECT_EQ(read_one(*source, "redfish/node/power").quality, Quality::missing);
    bmc.watts = "350.5";
    bmc.sessions = 41;  // the session has expired
    EXPECT_EQ(read_one(*source, "redfish/node/power").count, 350'500);
    source->rest();  // another process reads it, or nobody: the session is given back
    EXPECT_EQ(server.requests().back().method, "DELETE");
    source->rest();
    EXPECT_EQ(read_one(*source, "redfish/node/power").count, 350'500);
  }
  EXPECT_EQ(server.requests().back().method, "DELETE");
  EXPECT_EQ(server.requests().back().target, "/redfish/v1/SessionService/Sessions/7");
}

TEST_F(WebTest, RedfishIsToldByAConfigurationFileToo) {
  Bmc bmc;
  HttpServer server([&](const ServerRequest& r) { return bmc(r); });
  root.write("/secret", "s3cret\n");
  const SourceSettings settings(SourceSettings::Values{{"redfish", server.url()},
                                                       {"redfish_user", "monitor"},
                                                       {"redfish_password_file", root.path("/secret").string()}});
  EXPECT_EQ(read_one(*open(open_redfish(host(), settings)), "redfish/node/power").count, 344'000);
  set("REDFISH_PASSWORD", "wr0ng");  // the environment goes first
  EXPECT_EQ(open_redfish(host(), settings).error().kind, ErrorKind::forbidden);
}

TEST_F(WebTest, RedfishWithAWrongPasswordIsForbiddenAndTellsNoSecret) {
  Bmc bmc;
  HttpServer server([&](const ServerRequest& r) { return bmc(r); });
  set("REDFISH", server.url());
  set("REDFISH_USER", "monitor");
  set("REDFISH_PASSWORD", "wr0ng");
  const OpenedSource opened = open_redfish(host());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::forbidden);
  EXPECT_THAT(opened.error().what + opened.error().advice, Not(HasSubstr("wr0ng")));
}

TEST_F(WebTest, AServiceThatHasGoneIsBroken) {
  std::string url;
  {
    HttpServer server([](const ServerRequest&) { return ServerAnswer{}; });
    url = server.url();
  }
  set("REDFISH", url);
  EXPECT_EQ(open_redfish(host()).error().kind, ErrorKind::broken);
}

TEST_F(WebTest, AHugeAnswerIsRefused) {
  HttpServer server([](const ServerRequest&) { return ServerAnswer{200, std::string(100'000, 'x'), ""}; });
  HttpClient client = std::move(HttpClient::open()).value();
  HttpRequest request;
  request.url = server.url();
  request.largest_answer = 1000;
  EXPECT_FALSE(client.send(request).ok());
  request.largest_answer = 200'000;
  EXPECT_EQ(client.send(request).value().body.size(), 100'000U);
  request.url = "file:///etc/passwd";
  EXPECT_FALSE(client.send(request).ok());
}

std::string row(std::int64_t utc_ns, std::string_view device, std::string_view metric, double value,
                std::string_view labels = "{}") {
  return "{\"timestamp\":\"" + format_iso_time(utc_ns) + "\",\"device_id\":\"" + std::string(device) +
         "\",\"metric_id\":\"" + std::string(metric) + "\",\"value\":" + std::to_string(value) +
         ",\"labels\":" + std::string(labels) + "}";
}

TEST_F(WebTest, KwollectKeepsEachMetricsOwnTimesAndAddsSupplies) {
  constexpr std::int64_t s = 1'000'000'000;
  const std::int64_t now = system_clock().utc_ns() / s * s;
  std::string rows = row(now - 5 * s, "node-7", "wattmetre_power_watt", 60, R"({"_device_orig":["w1-port6"]})") + "," +
                     row(now - 5 * s, "node-7", "wattmetre_power_watt", 71.5, R"({"_device_orig":["w1-port7"]})") +
                     "," + row(now - 5 * s, "node-7", "bmc_node_power_watt", 130) + "," +
                     row(now - 5 * s, "node-8", "bmc_node_power_watt", 999) + "," +
                     row(now - 4 * s, "node-7", "bmc_node_power_watt", -1);
  HttpServer server([&](const ServerRequest&) { return ServerAnswer{200, "[" + rows + "]", ""}; });
  set("KWOLLECT", server.url() + "/metrics");
  root.write("/proc/sys/kernel/hostname", "node-7.lyon.grid5000.fr\n");
  const auto source = open(open_kwollect(host()));
  EXPECT_THAT(ids(*source), ElementsAre("kwollect/wattmetre_power_watt/power", "kwollect/bmc_node_power_watt/power"));
  EXPECT_THAT(server.requests()[0].target,
              HasSubstr("nodes=node-7&metrics=wattmetre_power_watt%2Cbmc_node_power_watt&start_time="));
  Sink sink;
  source->read(sink);
  ASSERT_EQ(sink.readings().size(), 2U);
  for (const Reading& r : sink.readings()) {
    EXPECT_EQ(r.count, r.channel == 0 ? 131'500 : 130'000);
    const double age = seconds(system_clock().now() - r.after);
    EXPECT_GT(age, 4.5);
    EXPECT_LT(age, 60);
  }
  sink.clear();
  source->read(sink);
  EXPECT_TRUE(sink.readings().empty());  // nothing new, and nothing wrong
  rows = row(now - 3 * s, "node-7", "bmc_node_power_watt", 140) + "," +
         row(now - 2 * s, "node-7", "bmc_node_power_watt", 150);
  source->read(sink);
  ASSERT_EQ(sink.readings().size(), 2U);
  EXPECT_EQ(sink.readings()[1].count, 150'000);
  EXPECT_EQ(sink.readings()[1].after - sink.readings()[0].after > std::chrono::milliseconds{900}, true);
  rows = "{broken";
  sink.clear();
  source->read(sink);
  ASSERT_EQ(sink.readings().size(), 2U);
  EXPECT_EQ(sink.readings()[0].quality, Quality::missing);
}

// Two supplies of which one tells late: the node's power is the sum of both at each instant, never that of one alone.
TEST_F(WebTest, KwollectWaitsForALateSupplyAndMissesASilentOne) {
  constexpr std::int64_t s = 1'000'000'000;
  const std::int64_t now = system_clock().utc_ns() / s * s;
  const auto supplies = [&](int from, int to, const char* label, double watts) {
    std::string text;
    for (int i = from; i <= to; ++i)
      text += (text.empty() ? "" : ",") + row(now + i * s, "node-7", "wattmetre_power_watt", watts + i, label);
    return text;
  };
  const char *a = R"({"port":"a"})", *b = R"({"port":"b"})";
  std::string rows = supplies(-59, -40, a, 300) + "," + supplies(-59, -50, b, 500);
  HttpServer server([&](const ServerRequest&) { return ServerAnswer{200, "[" + rows + "]", ""}; });
  set("KWOLLECT", server.url() + "/metrics");
  set("KWOLLECT_METRICS", "wattmetre_power_watt");
  root.write("/proc/sys/kernel/hostname", "node-7\n");
  const auto source = open(open_kwollect(host()));
  const auto read = [&] {
    Sink sink;
    source->read(sink);
    std::vector<double> watts;
    for (const Reading& r : sink.readings())
      watts.push_back(r.quality == Quality::missing ? -1.0 : 1e-3 * static_cast<double>(r.count));
    return watts;
  };
  std::vector<double> wanted;
  for (int i = -59; i <= -50; ++i) wanted.push_back(800 + 2 * i);
  EXPECT_EQ(read(), wanted);  // up to where both are known
  rows = supplies(-59, -30, a, 300) + "," + supplies(-49, -35, b, 500);
  wanted.clear();
  for (int i = -49; i <= -35; ++i) wanted.push_back(800 + 2 * i);
  EXPECT_EQ(read(), wanted);
  rows = supplies(-29, -10, a, 300);  // the other is silent from here on
  wanted.clear();
  for (int i = -34; i <= -25; ++i) wanted.push_back(300 + i + 500 - 35);  // what it told last holds for 15 s at most
  EXPECT_EQ(read(), wanted);
  rows = supplies(-9, -1, a, 300);
  wanted = {300 - 24 + 465, 300 - 23 + 465, 300 - 22 + 465, 300 - 21 + 465, 300 - 20 + 465, -1, -1, -1, -1};
  EXPECT_EQ(read(), wanted);
}

TEST_F(WebTest, PrometheusReadsEachQuery) {
  std::string value = "131.7";
  HttpServer server([&](const ServerRequest& request) {
    if (request.target.find("joules") != std::string::npos) {
      return ServerAnswer{
          200, R"({"status":"success","data":{"resultType":"vector","result":[{"value":[1700000000,"5000.25"]}]}})",
          ""};
    }
    return ServerAnswer{
        200,
        R"({"status":"success","data":{"resultType":"vector","result":[{"value":[1700000000,")" + value + R"("]}]}})",
        ""};
  });
  set("PROMETHEUS", server.url());
  set("PROMETHEUS_QUERIES", "pdu|W|wall|sum(outlet_watts{node=\"n1\"})\n\ncpu|J|package|sum(cpu_joules)\n");
  const auto source = open(open_prometheus(host()));
  EXPECT_THAT(ids(*source), ElementsAre("prometheus/pdu/power", "prometheus/cpu/energy"));
  EXPECT_EQ(read_one(*source, "prometheus/pdu/power").count, 131'700);
  EXPECT_EQ(read_one(*source, "prometheus/cpu/energy").count, 5'000'250);
  EXPECT_EQ(channel_of(*source, "prometheus/cpu/energy").device, "cpu");
  for (const char* bad : {"NaN", "-5", "1e300", "+Inf", "", "\xff\xfe", "12 W"}) {
    value = bad;
    EXPECT_EQ(read_one(*source, "prometheus/pdu/power").quality, Quality::missing) << bad;
  }
  set("PROMETHEUS_QUERIES", "pdu W wall");
  EXPECT_EQ(open_prometheus(host()).error().kind, ErrorKind::misconfigured);
}

}  // namespace
}  // namespace impact::test
