#ifdef IMPACT_FAKE_AMDSMI_LIBRARY

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "cpp/sources/fake_root.hpp"
#include "impact/sources/settings.hpp"

namespace impact {
OpenedSource open_amdsmi(const Host&, const SourceSettings& = {});
}

namespace impact::test {
namespace {

using testing::ElementsAre;

class AmdSmiTest : public testing::Test {
 protected:
  void SetUp() override { setenv("IMPACT_TRACKER_AMDSMI", IMPACT_FAKE_AMDSMI_LIBRARY, 1); }
  void TearDown() override {
    unsetenv("IMPACT_TRACKER_AMDSMI");
    unsetenv("IMPACT_FAKE_AMDSMI");
  }
};

TEST_F(AmdSmiTest, ReadsCountersByTheirPlaceOnTheBus) {
  setenv("IMPACT_FAKE_AMDSMI", "300 0 -1 90000 150", 1);  // 1: stands still, 2: fails, 3: a wrong unit
  auto opened = open_amdsmi(Host{});
  ASSERT_TRUE(opened.ok()) << opened.error().what;
  const auto source = std::move(opened).value();
  ASSERT_THAT(ids(*source), ElementsAre("amdsmi/gpu:pci-0000:03:00.0/energy", "amdsmi/gpu:pci-0000:07:00.0/energy"));
  const Reading a = read_one(*source, source->channels()[0].id);
  std::this_thread::sleep_for(std::chrono::milliseconds{50});
  const Reading b = read_one(*source, source->channels()[0].id);
  const double joules = static_cast<double>(b.count - a.count) * source->channels()[0].scale;
  EXPECT_NEAR(joules / seconds(middle(b.before, b.after) - middle(a.before, a.after)), 300, 30);
}

TEST_F(AmdSmiTest, SaysWhatIsWrong) {
  setenv("IMPACT_FAKE_AMDSMI", "0", 1);
  EXPECT_EQ(open_amdsmi(Host{}).error().kind, ErrorKind::unsupported);
  setenv("IMPACT_FAKE_AMDSMI", "", 1);
  EXPECT_EQ(open_amdsmi(Host{}).error().kind, ErrorKind::absent);
  setenv("IMPACT_TRACKER_AMDSMI", "/nonexistent/libamd_smi.so", 1);
  EXPECT_EQ(open_amdsmi(Host{}).error().kind, ErrorKind::absent);
  unsetenv("IMPACT_TRACKER_AMDSMI");
  FakeRoot root;
  EXPECT_EQ(open_amdsmi(root.host()).error().kind, ErrorKind::absent);
}

}  // namespace
}  // namespace impact::test

#endif
