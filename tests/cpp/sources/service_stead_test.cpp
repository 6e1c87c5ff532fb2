// The machine's service in the stead of readers that are closed to this process: asked for by their names, and awaited
// where it is set up and does not answer yet.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <optional>

#include "cpp/sources/fake_root.hpp"
#include "cpp/sources/told_service.hpp"
#include "impact/sources/registry.hpp"
#include "impact/sources/service_frame.hpp"

namespace impact::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr uid_t kNobody = 65'534;
constexpr const char* kPackage = "/sys/class/powercap/intel-rapl:0/energy_uj";

// A machine whose clock the test moves from the system's time on, for a service whose frames are as of now.
class MovedClock final : public Clock {
 public:
  Instant now() const noexcept override { return system_clock().now() + ahead; }
  std::int64_t utc_ns() const noexcept override { return system_clock().utc_ns() + ahead.count(); }
  Duration ahead{0};
};

class ClosedMachine : public testing::Test {
 protected:
  void SetUp() override {
    const mode_t users_mask = umask(022);  // of the files below the root, the counters alone are to be closed
    root.intel();
    root.zone("intel-rapl:0", "package-0", 5);
    root.zone("intel-rapl:0:0", "dram", 5);
    umask(users_mask);
    open_to_all(root.path("/"));
    for (const char* counter : {kPackage, "/sys/class/powercap/intel-rapl:0:0/energy_uj"})
      std::filesystem::permissions(root.path(counter), std::filesystem::perms::none);
  }

  static void open_to_all(const std::filesystem::path& place) {
    std::filesystem::permissions(place, std::filesystem::perms{0755});
  }

  // What a user without privileges finds; nullopt where this process cannot become one.
  std::optional<std::vector<Probe>> probes_of(std::vector<std::string> wanted, const SourceSettings& settings) const {
    const bool is_root = geteuid() == 0;
    if (is_root && seteuid(kNobody) != 0) return std::nullopt;
    std::vector<Probe> probes = open_sources(Host{root.path("/"), &clock}, wanted, settings);
    if (is_root && seteuid(0) != 0) throw std::runtime_error("cannot become root again");
    return probes;
  }

  static const Probe* find(const std::vector<Probe>& probes, std::string_view name) {
    const auto probe = std::ranges::find_if(probes, [&](const Probe& p) { return p.entry.name == name; });
    return probe == probes.end() ? nullptr : &*probe;
  }

  static void let_everybody_in(const std::string& socket) {
    open_to_all(std::filesystem::path(socket).parent_path());
    std::filesystem::permissions(socket, std::filesystem::perms{0777});
  }

  FakeRoot root;
  MovedClock clock;
};

TEST_F(ClosedMachine, WhoAsksForAClosedReaderGetsWhatTheServiceReadsOfIt) {
  json frame = service_frame(now_ns());
  json board = channel_frame("hwmon_board/node/power", "wall", 100);
  board["source"] = "hwmon_board";
  board["device"] = "node";
  frame["channels"].push_back(board);
  const Told service(frame);
  let_everybody_in(service.path());
  for (const char* name : {"rapl", "rapl_powercap", "rapl_msr"}) {
    const auto probes = probes_of({name}, told(service.path()));
    if (!probes) GTEST_SKIP() << "cannot give up root";
    const Probe* used = find(*probes, "service");
    if (name == std::string("rapl_msr")) {  // it is absent here, and not closed
      EXPECT_EQ(used, nullptr);
      continue;
    }
    ASSERT_NE(used, nullptr) << name;
    ASSERT_NE(used->source, nullptr) << name;
    EXPECT_THAT(ids(*used->source), ElementsAre("rapl/package-0", "rapl/dram-0"));  // and not the board's
    EXPECT_THAT(used->source->origin(), HasSubstr("readings come from the service"));
    EXPECT_THAT(find(*probes, "rapl_powercap")->error.what, HasSubstr("service reads it for us"));
    const std::vector<Reading> readings = round(*used->source);
    EXPECT_FALSE(readings.empty());
    for (const Reading& r : readings) EXPECT_EQ(r.quality, Quality::measured);
  }
}

TEST_F(ClosedMachine, AServiceWithoutTheReaderOrNoServiceIsNamedAsTheRemedy) {
  json frame = service_frame(now_ns());
  for (json& channel : frame["channels"]) channel["source"] = "hwmon";
  const Told other(frame);
  let_everybody_in(other.path());
  const auto unread = probes_of({"rapl"}, told(other.path()));
  if (!unread) GTEST_SKIP() << "cannot give up root";
  EXPECT_EQ(find(*unread, "service"), nullptr);
  EXPECT_THAT(find(*unread, "rapl_powercap")->error.what, HasSubstr("service, which may read more, does not read it"));

  const auto none = probes_of({"rapl"}, {});
  EXPECT_EQ(find(*none, "service"), nullptr);
  EXPECT_THAT(find(*none, "rapl_powercap")->error.advice, HasSubstr("docs/service.md"));

  const Told closed(service_frame(now_ns()));  // whose group this user is not in
  const auto outside = probes_of({"rapl"}, told(closed.path()));
  EXPECT_EQ(find(*outside, "service"), nullptr) << find(*outside, "service")->error.what;
  EXPECT_THAT(find(*outside, "rapl_powercap")->error.advice, HasSubstr("usermod"));
  EXPECT_THAT(find(*outside, "rapl_powercap")->error.what, HasSubstr("the machine's service does not help"));
}

TEST_F(ClosedMachine, WhatIsOpenIsReadHereAndTheServiceGivesTheRest) {
  std::filesystem::permissions(root.path(kPackage), std::filesystem::perms{0444});
  const Told service(service_frame(now_ns()));
  let_everybody_in(service.path());
  const auto probes = probes_of({"rapl"}, told(service.path()));
  if (!probes) GTEST_SKIP() << "cannot give up root";
  EXPECT_THAT(ids(*find(*probes, "rapl_powercap")->source), ElementsAre("rapl/package-0"));
  ASSERT_NE(find(*probes, "service"), nullptr);
  EXPECT_THAT(ids(*find(*probes, "service")->source), ElementsAre("rapl/dram-0"));
}

TEST_F(ClosedMachine, ProcessorsCountersOfHwmonAreClosedTooAndSaySo) {
  const std::string chip = "/sys/class/hwmon/hwmon0/";
  const mode_t users_mask = umask(022);
  root.write(chip + "name", "amd_energy\n");
  root.write(chip + "energy1_label", "Esocket0\n");
  root.write(chip + "energy1_input", "5000\n");
  umask(users_mask);
  std::filesystem::permissions(root.path(chip + "energy1_input"), std::filesystem::perms::none);
  json frame = service_frame(now_ns());
  frame["channels"][0]["id"] = "hwmon/amd_energy/cpu:0/energy";
  frame["channels"][0]["source"] = "hwmon";
  const Told service(frame);
  let_everybody_in(service.path());
  const auto closed = probes_of({"hwmon"}, told("off"));
  if (!closed) GTEST_SKIP() << "cannot give up root";
  EXPECT_EQ(find(*closed, "hwmon")->error.kind, ErrorKind::forbidden);
  EXPECT_THAT(find(*closed, "hwmon")->error.advice, HasSubstr("docs/service.md"));
  const auto probes = probes_of({"hwmon"}, told(service.path()));
  ASSERT_NE(find(*probes, "service"), nullptr);
  EXPECT_THAT(ids(*find(*probes, "service")->source), ElementsAre("hwmon/amd_energy/cpu:0/energy"));
}

// The path at which a service will listen, in a folder that everybody may enter.
class LatePlace {
 public:
  LatePlace() { std::filesystem::permissions(folder_.path(), std::filesystem::perms{0755}); }
  std::string path() const { return (folder_ / "reader").string(); }
  void begins(const Told& service) const { std::filesystem::create_symlink(service.path(), path()); }

 private:
  fakes::Scratch folder_;
};

std::size_t count_missing(const std::vector<Reading>& readings) {
  return static_cast<std::size_t>(std::ranges::count(readings, Quality::missing, &Reading::quality));
}

TEST_F(ClosedMachine, AServiceThatIsSetUpAndNotThereYetIsAwaited) {
  const LatePlace place;
  const auto probes = probes_of({}, told(place.path()));
  if (!probes) GTEST_SKIP() << "cannot give up root";
  const Probe* probe = find(*probes, "service");
  ASSERT_NE(probe->source, nullptr) << probe->error.what;
  Source& source = *probe->source;
  EXPECT_TRUE(source.is_provisional());
  EXPECT_THAT(ids(source), ElementsAre("rapl/package-0", "rapl/dram-0"));
  EXPECT_THAT(probe->error.what, HasSubstr(place.path()));
  EXPECT_EQ(count_missing(round(source)), 2U);
  EXPECT_THAT(source.trouble(), AllOf(HasSubstr("looked for each 5 s"), HasSubstr("missing until then")));

  const Told service(service_frame(now_ns()));
  place.begins(service);
  EXPECT_EQ(count_missing(round(source)), 2U);  // the next look is not due
  EXPECT_EQ(service.connections(), 0);
  clock.ahead = 5'100ms;
  const std::int64_t taken = now_ns() + clock.ahead.count();
  Told later(service_frame(taken));
  std::filesystem::remove(place.path());
  place.begins(later);
  const std::vector<Reading> readings = round(source);
  EXPECT_EQ(count_missing(readings), 0U);
  ASSERT_EQ(readings.size(), 4U);
  EXPECT_EQ(readings[1].count - readings[0].count, 8'000);
  EXPECT_EQ(readings[1].after, instant(taken));
  EXPECT_THAT(source.trouble(), AllOf(HasSubstr("it answers since 20"), HasSubstr("4.1 s before"),
                                      HasSubstr("was not measured"), Not(HasSubstr("as well"))));
  later.tell(service_frame(taken + 1'000'000));
  EXPECT_EQ(count_missing(round(source)), 0U);
  EXPECT_EQ(source.trouble(), "");
}

TEST_F(ClosedMachine, LooksForALateServiceAreRare) {
  const LatePlace place;
  const auto probes = probes_of({}, told(place.path()));
  if (!probes) GTEST_SKIP() << "cannot give up root";
  Source& source = *find(*probes, "service")->source;
  Told service(service_frame(now_ns()));
  service.tell_bytes(std::string(4, '\0'));  // there, and knows nothing yet
  place.begins(service);
  for (int tenths = 0; tenths < 600; ++tenths) {
    clock.ahead = tenths * 100ms;
    EXPECT_EQ(count_missing(round(source)), 2U);
  }
  EXPECT_LE(service.connections(), 12);
  EXPECT_GE(service.connections(), 11);
}

TEST_F(ClosedMachine, ALateServiceThatReadsMoreOrSlowerThanExpectedSaysSo) {
  const LatePlace place;
  const auto probes = probes_of({}, told(place.path()));
  if (!probes) GTEST_SKIP() << "cannot give up root";
  Source& source = *find(*probes, "service")->source;
  clock.ahead = 6s;
  json frame = service_frame(now_ns() + clock.ahead.count());
  frame["clock"]["interval_s"] = 5.0;
  Told service(frame);
  place.begins(service);
  EXPECT_EQ(count_missing(round(source)), 2U);
  EXPECT_THAT(source.trouble(), HasSubstr("each 5 s"));
  clock.ahead = 12s;
  frame = service_frame(now_ns() + clock.ahead.count());
  frame["channels"].push_back(channel_frame("rapl/package-1", "package", 7));
  service.tell(frame);
  EXPECT_EQ(count_missing(round(source)), 0U);
  EXPECT_THAT(source.trouble(), HasSubstr("reads these of it as well: rapl/package-1"));
}

TEST_F(ClosedMachine, WithoutATraceOfAServiceNothingIsAwaited) {
  const auto probes = probes_of({}, {});
  if (!probes) GTEST_SKIP() << "cannot give up root";
  EXPECT_EQ(find(*probes, "service")->source, nullptr);
  EXPECT_EQ(find(*probes, "service")->error.kind, ErrorKind::absent);
  for (const char* trace : {"/etc/systemd/system/impact-tracker-reader.service", "/run/impact-tracker/anything"}) {
    const mode_t users_mask = umask(022);
    root.write(trace, "");
    umask(users_mask);
    const auto again = probes_of({}, {});
    EXPECT_NE(find(*again, "service")->source, nullptr) << trace;
    root.remove(trace);
    root.remove("/run/impact-tracker");
  }
}

TEST(Service, ASensorWhoseReaderFailsIsMissingInTheReadersWords) {
  json frame = service_frame(now_ns());
  Told service(frame);
  const auto source = std::move(service.opened()).value();
  json lost = frame["channels"][0];
  lost["reason"] = "rapl_powercap gives no reading of rapl/package-0";
  frame["lost"] = json::array({lost});  // just missed: told among the channels too, with what it had
  service.tell(frame);
  std::vector<Reading> readings = round(*source);
  for (const Reading& r : readings) EXPECT_EQ(r.quality == Quality::missing, r.channel == 0U);
  EXPECT_THAT(source->trouble(), HasSubstr("rapl_powercap gives no reading of rapl/package-0"));
  frame["channels"].erase(0);
  service.tell(frame);
  readings = round(*source);
  for (const Reading& r : readings) EXPECT_EQ(r.quality == Quality::missing, r.channel == 0U);
  // Whoever comes now knows of the sensor too, and reads it when it is back.
  const auto second = std::move(Told(frame).opened()).value();
  EXPECT_THAT(ids(*second), testing::UnorderedElementsAre("rapl/package-0", "rapl/dram-0"));
  service.tell(service_frame(now_ns(), 120));
  EXPECT_EQ(count_missing(round(*source)), 0U);
  EXPECT_EQ(source->trouble(), "");
}

TEST(Service, LostSensorsThatCannotBeAreRefused) {
  const json frame = service_frame();
  const auto kind = [&](const json& lost) {
    json damaged = frame;
    damaged["lost"] = lost;
    const auto parsed = parse_service_frame(damaged.dump());
    return parsed ? std::string("taken") : parsed.error().what;
  };
  json sensor = frame["channels"][0];
  EXPECT_THAT(kind(7), HasSubstr("no list"));
  EXPECT_THAT(kind(json::array({sensor})), HasSubstr("reason is missing"));
  sensor["reason"] = std::string(2'000, 'x');
  EXPECT_THAT(kind(json::array({sensor})), HasSubstr("reason"));
  sensor["reason"] = "line\nbreak";
  EXPECT_THAT(kind(json::array({sensor})), HasSubstr("reason"));
  sensor["reason"] = "a driver that went away";
  EXPECT_EQ(kind(json::array({sensor})), "taken");
  EXPECT_THAT(kind(json::array({sensor, sensor})), HasSubstr("one id"));
}

}  // namespace
}  // namespace impact::test
