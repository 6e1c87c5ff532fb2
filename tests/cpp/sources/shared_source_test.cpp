#include "impact/sources/shared_source.hpp"

#include <gmock/gmock.h>

#include "cpp/sources/fake_root.hpp"
#include "fakes/child.hpp"

namespace impact::test {
namespace {

class Controller final : public Source {
 public:
  Controller(int* reads, int* rests, Duration latency = std::chrono::seconds{2}, Domain domain = Domain::wall)
      : reads_(reads), rests_(rests) {
    channel_.id = "redfish/node/power";
    channel_.source = "redfish";
    channel_.device = "node";
    channel_.domain = domain;
    channel_.quantity = "power";
    channel_.kind = Kind::gauge;
    channel_.unit = Unit::watt;
    channel_.latency = latency;
  }
  std::span<const Channel> channels() const noexcept override { return {&channel_, 1}; }
  void read(Sink& out) noexcept override {
    ++*reads_;
    out.put({0, Quality::measured, 300, instant(1), instant(2)});
  }
  void rest() noexcept override { ++*rests_; }

 private:
  int* reads_;
  int* rests_;
  Channel channel_;
};

class SharedSourceTest : public testing::Test {
 protected:
  SharedSourceTest() {
    root.write("/proc/sys/kernel/random/boot_id", "b007\n");
    std::filesystem::create_directories(root.path("/tmp"));
  }
  Host host() const { return {root.path("/"), &clock}; }
  std::unique_ptr<Source> shared(const std::string& key = "slurm:1;0") {
    return share(host(), key, std::make_unique<Controller>(&reads, &rests));
  }
  static Sharing sharing(const Source& source) { return dynamic_cast<const SharedSource&>(source).sharing(); }
  static std::size_t round(Source& source) {
    Sink sink;
    source.read(sink);
    return sink.readings().size();
  }
  // A rank that reads until it is killed.
  fakes::Child other_rank(const std::string& key = "slurm:1;0") {
    return fakes::Child([&](auto ready) {
      const std::unique_ptr<Source> source = shared(key);
      ready(round(*source) == 1);
    });
  }

  FakeRoot root;
  ManualClock clock;
  int reads = 0;
  int rests = 0;
};

TEST_F(SharedSourceTest, OneReadsAndTheNextTakesOverWhenItDies) {
  fakes::Child first = other_rank();
  const std::unique_ptr<Source> source = shared();
  EXPECT_EQ(sharing(*source).state, Sharing::State::unknown);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(round(*source), 0U);
  EXPECT_EQ(reads, 0);
  EXPECT_EQ(rests, 1);  // what opening began is let go of, once
  EXPECT_EQ(sharing(*source), (Sharing{Sharing::State::elsewhere, first.pid()}));
  first.kill();
  EXPECT_EQ(round(*source), 1U);
  EXPECT_EQ(sharing(*source), (Sharing{Sharing::State::mine, 0}));
}

TEST_F(SharedSourceTest, WhoRestsLetsTheNextRead) {
  const std::unique_ptr<Source> source = shared();
  EXPECT_EQ(round(*source), 1U);
  source->rest();
  EXPECT_EQ(rests, 1);
  const fakes::Child second = other_rank();
  EXPECT_EQ(round(*source), 0U);
}

TEST_F(SharedSourceTest, AnotherRunReadsForItself) {
  const fakes::Child stranger = other_rank("slurm:2;0");
  const std::unique_ptr<Source> source = shared();
  EXPECT_EQ(round(*source), 1U);
}

TEST_F(SharedSourceTest, WithoutALockEverybodyReadsAndItIsSaid) {
  root.remove("/tmp");
  const std::unique_ptr<Source> source = shared();
  EXPECT_EQ(round(*source), 1U);
  EXPECT_EQ(sharing(*source).state, Sharing::State::everybody);
}

TEST_F(SharedSourceTest, OnlySlowMetersOfTheWholeAreShared) {
  using namespace std::chrono_literals;
  EXPECT_TRUE(can_be_shared(Controller(&reads, &rests)));
  EXPECT_FALSE(can_be_shared(Controller(&reads, &rests, 20ms)));
  EXPECT_FALSE(can_be_shared(Controller(&reads, &rests, 2s, Domain::gpu)));  // part of a record's own sum
  auto own = std::make_unique<Controller>(&reads, &rests);
  const Source* before = own.get();
  EXPECT_EQ(share(host(), "", std::move(own)).get(), before);
}

}  // namespace
}  // namespace impact::test
