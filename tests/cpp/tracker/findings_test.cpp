#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpp/sources/fake_root.hpp"
#include "impact/tracker/json.hpp"
#include "impact/tracker/open_sources.hpp"

namespace impact::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Channel channel(std::string id, std::string device, Domain domain, Kind kind = Kind::counter) {
  Channel c;
  c.id = std::move(id);
  c.source = c.id.substr(0, c.id.find('/'));
  c.device = std::move(device);
  c.domain = domain;
  c.kind = kind;
  if (kind == Kind::gauge) {
    c.unit = Unit::watt;
    c.quantity = "power";
  }
  return c;
}

// A minute with two packages, a core, a wattmeter.
struct Minute {
  std::vector<Channel> channels{
      channel("rapl/package-0", "cpu:0", Domain::package), channel("rapl/dram-0", "memory:0", Domain::dram),
      channel("rapl/core-0", "cpu:0", Domain::core), channel("ipmi/node/power", "node", Domain::wall, Kind::gauge)};
  RegionResult result;

  Minute() {
    result.stop = instant(60'000'000'000);
    const Role roles[] = {Role::in_total, Role::in_total, Role::inside, Role::apart};
    const double joules[] = {6000, 600, 4000, 9000};
    for (std::uint32_t i = 0; i < 4; ++i) {
      ChannelResult part;
      part.channel = i;
      part.role = roles[i];
      part.value = joules[i];
      part.half_width = 1;
      part.coverage = 1;
      part.quality = Quality::measured;
      result.channels.push_back(part);
    }
  }
};

TEST(Findings, AChildAboveItsParent) {
  Minute m;
  EXPECT_THAT(findings_json(m.result, m.channels), IsEmpty());
  m.result.channels[2].value = 7000;
  EXPECT_THAT(findings_json(m.result, m.channels).get<std::vector<std::string>>(),
              ElementsAre(HasSubstr("its core used")));
  m.result.channels[2].half_width = 3000;  // not known well enough to contradict
  EXPECT_THAT(findings_json(m.result, m.channels), IsEmpty());
  m.result.channels[3].value = 5000;
  EXPECT_THAT(findings_json(m.result, m.channels).get<std::vector<std::string>>(),
              ElementsAre(HasSubstr("ipmi/node/power")));
}

TEST(OpenSources, AGaugeBesideACounterIsSampled) {
  FakeRoot root;
  root.write("/sys/class/hwmon/hwmon0/name", "i915\n");
  root.write("/sys/class/hwmon/hwmon0/energy1_input", "777\n");
  root.write("/sys/class/hwmon/hwmon1/name", "amdgpu\n");
  root.write("/sys/class/hwmon/hwmon1/power1_average", "65000000\n");
  const std::vector<std::string> wanted{"hwmon"};
  const auto opened = opened_sources(root.host(), wanted);
  ASSERT_EQ(opened->channels.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(opened->at_edges[i], opened->channels[i].kind == Kind::counter);
  const EdgeReader edges(root.host(), opened->sources);
  EXPECT_EQ(edges.read(Edges::plain).size(), 1U);
}

}  // namespace
}  // namespace impact::test
