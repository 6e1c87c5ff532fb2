// The machine's service as a source, against services that keep to the rules and others that do not.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <chrono>
#include <thread>

#include "cpp/sources/fake_root.hpp"
#include "cpp/sources/told_service.hpp"
#include "impact/sources/registry.hpp"

namespace impact::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

std::size_t missing(Source& source) {
  const std::vector<Reading> readings = round(source);
  return static_cast<std::size_t>(std::ranges::count(readings, Quality::missing, &Reading::quality));
}

TEST(Service, TakesThePlaceOfTheReaderBehindIt) {
  const std::int64_t taken = now_ns();
  Told service(service_frame(taken));
  const std::unique_ptr<Source> source = open(service.opened());
  EXPECT_THAT(ids(*source), ElementsAre("rapl/package-0", "rapl/dram-0"));
  for (const Channel& c : source->channels()) EXPECT_EQ(c.source, "service");
  EXPECT_FALSE(is_fast(*source));  // it has a thread of its own, and holds up nobody
  EXPECT_THAT(source->origin(),
              HasSubstr("readings come from the service at " + service.path() + " (1 Hz; 10 Hz at most)"));
  const std::vector<Reading> readings = round(*source);
  ASSERT_EQ(readings.size(), 4U);  // the frame before, too: two readings make a rate
  EXPECT_EQ(readings[1].after, instant(taken));
  EXPECT_EQ(readings[1].before, instant(taken));
  EXPECT_EQ(readings[0].after, instant(taken - 1'000'000'000));
  EXPECT_EQ(readings[1].count - readings[0].count, 8'000);
  EXPECT_EQ(readings[1].quality, Quality::measured);
  EXPECT_EQ(source->trouble(), "");
  for (int i = 0; i < 5; ++i) (void)round(*source);
  EXPECT_EQ(service.connections(), 1);
}

TEST(Service, WhatItReadsTwiceCountsOnce) {
  json frame = service_frame(now_ns());
  json again = channel_frame("hwmon/amd_energy/package-0", "package", 100);
  again["source"] = "hwmon";
  frame["channels"].push_back(again);
  Told service(frame);
  EXPECT_THAT(ids(*open(service.opened())), ElementsAre("rapl/package-0", "rapl/dram-0"));
}

TEST(Service, WhatADirectReaderReadsIsLeftOut) {
  FakeRoot root;
  root.intel();
  root.zone("intel-rapl:0", "package-0", 5);
  Told service(service_frame(now_ns()));
  const Host host{root.path("/"), &system_clock()};
  const auto source_of = [&](const std::vector<Probe>& probes, std::string_view name) -> const Probe& {
    return *std::ranges::find_if(probes, [&](const Probe& p) { return p.entry.name == name; });
  };
  {
    const std::vector<Probe> beside = open_sources(host, {}, told(service.path()));
    EXPECT_NE(source_of(beside, "rapl_powercap").source, nullptr);
    ASSERT_NE(source_of(beside, "service").source, nullptr);
    EXPECT_THAT(ids(*source_of(beside, "service").source), ElementsAre("rapl/dram-0"));
    const std::vector<Reading> readings = round(*source_of(beside, "service").source);
    ASSERT_FALSE(readings.empty());
    for (const Reading& r : readings) EXPECT_EQ(r.channel, 0U);
  }
  root.zone("intel-rapl:0:0", "dram", 5);
  const std::vector<Probe> all = open_sources(host, {}, told(service.path()));
  EXPECT_EQ(source_of(all, "service").source, nullptr);
  EXPECT_EQ(source_of(all, "service").error.kind, ErrorKind::shadowed);
}

TEST(Service, ALostServiceIsMissingAndSaysSo) {
  auto service = std::make_unique<Told>(service_frame(now_ns()));
  const std::unique_ptr<Source> source = open(service->opened());
  EXPECT_EQ(missing(*source), 0U);
  service->tell_bytes(std::string(4, '\0'));
  EXPECT_EQ(missing(*source), 2U);
  EXPECT_THAT(source->trouble(), HasSubstr("knows nothing yet"));
  service->tell(service_frame(now_ns() - 4'500'000'000));  // three intervals and a second
  EXPECT_EQ(missing(*source), 2U);
  EXPECT_THAT(source->trouble(), HasSubstr("not renewed"));
  service->tell(service_frame(now_ns()));
  EXPECT_EQ(missing(*source), 0U);
  EXPECT_EQ(source->trouble(), "");
  service.reset();
  EXPECT_EQ(missing(*source), 2U);
  EXPECT_THAT(source->trouble(), HasSubstr("impact-tracker-reader"));
}

TEST(Service, ALostSensorIsMissingAlone) {
  json frame = service_frame(now_ns());
  Told service(frame);
  const std::unique_ptr<Source> source = open(service.opened());
  frame["channels"].erase(0);
  service.tell(frame);
  const std::vector<Reading> readings = round(*source);
  for (const Reading& r : readings) EXPECT_EQ(r.quality == Quality::missing, r.channel == 0U);
  frame = service_frame(now_ns());
  frame["channels"][0]["sensor"]["kind"] = "gauge";  // under an id that was a counter's
  service.tell(frame);
  EXPECT_EQ(missing(*source), 1U);
}

TEST(Service, HostileServicesDoNoHarm) {
  const auto hold = [](int, const std::atomic<bool>& ended) {
    while (!ended) std::this_thread::sleep_for(1ms);
  };
  const auto after_request = [](std::string bytes, bool holds) {
    return [bytes = std::move(bytes), holds](int connection, const std::atomic<bool>& ended) {
      char request[8];
      (void)!recv(connection, request, sizeof request, 0);
      (void)!::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      while (holds && !ended) std::this_thread::sleep_for(1ms);
    };
  };
  const std::string frame = with_length(service_frame(now_ns()).dump());
  json old_version = service_frame(now_ns()), future = service_frame(now_ns() + 3'600'000'000'000);
  old_version["version"] = 1;
  const std::vector<std::pair<LocalServer::Serve, const char*>> services{
      {hold, "does not answer"},
      {[](int, const std::atomic<bool>&) {}, "ended the connection"},
      {after_request("\xff\xff\xff\xff", true), "longer than any frame"},
      {after_request(std::string("\0\x3f\0\0", 4) + std::string(1000, 'x'), true), "does not answer"},
      {after_request(frame.substr(0, frame.size() / 2), false), "ended the connection"},
      {after_request(frame.substr(0, frame.size() / 2), true), "does not answer"},
      {after_request(frame.substr(0, 2), true), "does not answer"},
      {after_request(with_length("{\"version\":"), true), "no JSON"},
      {after_request(with_length(std::string(100'000, '[')), true), "no"},
      {after_request(with_length(old_version.dump()), true), "version 1"},
      {after_request(with_length(future.dump()), true), "clock"},
      {after_request(std::string(4, '\0'), true), "knows nothing yet"},
  };
  // Those that hold on take the whole patience of whoever asks, so they are asked side by side.
  const FakeRoot machine;
  const auto ask = [&](const LocalServer::Serve& serve, const std::string& what) {
    const LocalServer server(serve);
    const Instant before = system_clock().now();
    const OpenedSource opened = open_service(Host{machine.path("/"), &system_clock()}, told(server.path()));
    ASSERT_FALSE(opened) << what;
    EXPECT_THAT(opened.error().what, HasSubstr(what));
    EXPECT_THAT(opened.error().what, HasSubstr(server.path()));
    EXPECT_LT(system_clock().now() - before, 10s) << what;
  };
  std::vector<std::thread> clients;
  for (const auto& [serve, what] : services) clients.emplace_back(ask, serve, what);
  for (std::thread& client : clients) client.join();
}

TEST(Service, AnAnswerTooManyIsNotTakenForTheNext) {
  json frame = service_frame(now_ns());
  Told service(frame);
  const std::unique_ptr<Source> source = open(service.opened());
  service.tell_bytes(with_length(frame.dump()) + with_length(frame.dump()));
  EXPECT_EQ(missing(*source), 0U);
  const json newer = service_frame(now_ns(), 120);
  service.tell(newer);
  const std::vector<Reading> readings = round(*source);
  EXPECT_EQ(readings.back().after, instant(newer["clock"]["taken_ns"].get<std::int64_t>()));
  EXPECT_EQ(service.connections(), 2);
}

TEST(Service, AConnectionThatWasCutOffIsMadeOnceMore) {
  const std::string frame = with_length(service_frame(now_ns()).dump());
  const LocalServer server([&](int connection, const std::atomic<bool>&) {  // one answer a connection
    char request[8];
    (void)!recv(connection, request, sizeof request, MSG_WAITALL);
    (void)!::send(connection, frame.data(), frame.size(), MSG_NOSIGNAL);
  });
  const std::unique_ptr<Source> source = open(open_service(Host{}, told(server.path())));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(missing(*source), 0U);
  EXPECT_EQ(server.connections(), 4);
}

TEST(Service, AForkedChildAsksOnAConnectionOfItsOwn) {
  Told service(service_frame(now_ns()));
  const std::unique_ptr<Source> source = open(service.opened());
  EXPECT_EQ(missing(*source), 0U);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0)
    _exit(missing(*source) == 2 ? 0 : 1);  // the server has one connection at a time: it is not the child's
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(missing(*source), 0U);
}

TEST(Service, IsFoundWhereItUsuallyIsAndMissedOnlyWhereItWasNamed) {
  FakeRoot root;
  const SourceSettings nothing;
  EXPECT_EQ(open_service(root.host(), nothing).error().kind, ErrorKind::absent);
  EXPECT_EQ(open_service(root.host(), nothing).error().advice, "");
  EXPECT_THAT(open_service(root.host(), nothing).error().what, HasSubstr("/run/impact-tracker/reader.sock"));
  const Error named = open_service(root.host(), told((root.path("/") / "none").string())).error();
  EXPECT_EQ(named.kind, ErrorKind::broken);
  EXPECT_THAT(named.advice, HasSubstr("systemctl restart impact-tracker-reader"));
  EXPECT_EQ(open_service(root.host(), told("off")).error().kind, ErrorKind::absent);
}

TEST(Service, UsersWhoMayServeAreNamesOrNumbers) {
  FakeRoot root;
  root.write("/etc/passwd", "root:x:0:0::/:/bin/sh\nmeter:x:997:1::/:/bin/sh\n");
  const std::string none = (root.path("/") / "none").string();
  const auto kind = [&](const std::string& users) { return open_service(root.host(), told(none, users)).error().kind; };
  EXPECT_EQ(kind("meter,1000"), ErrorKind::broken);  // nobody is there, and the users are known
  EXPECT_EQ(kind("meter,nobody-knows"), ErrorKind::misconfigured);
}

}  // namespace
}  // namespace impact::test
