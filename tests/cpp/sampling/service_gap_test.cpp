// What a run measures while the machine's service begins anew, or has no reading itself.
#include <gmock/gmock.h>

#include <functional>
#include <stdexcept>

#include "cpp/sources/fake_root.hpp"
#include "cpp/sources/told_service.hpp"
#include "impact/sampling/region_book.hpp"

namespace impact::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using testing::HasSubstr;

// The result of a run over these rounds, whose length is `length`.
RegionResult run_over(Source& source, const std::function<void(RegionBook&)>& rounds, Instant start, Instant stop) {
  RegionBook book({{source.channels().begin(), source.channels().end()},
                   std::vector<bool>(source.channels().size(), false),
                   Roles{std::vector<Role>(source.channels().size(), Role::in_total), {}},
                   1s});
  book.enter(Mark{Mark::Kind::enter, 0, 0, "run", Edges::plain, start, {}});
  rounds(book);
  const std::optional<RegionResult> now = book.exit(Mark{Mark::Kind::exit, 0, 0, "", Edges::plain, stop, {}});
  const std::vector<RegionResult> late = book.finish();
  if (late.empty() && !now) throw std::runtime_error("the run has no result");
  return late.empty() ? *now : late.front();
}

TEST(Service, ANewServiceIsAGapAndNoJump) {
  for (const double anew_j : {0.5, 99.0, 100.0, 130.0, 500.0}) {  // counts that lie before, at and behind the old ones
    const std::int64_t first = now_ns();
    Told service(service_frame(first - 2'000'000'000));
    const std::unique_ptr<Source> source = open(service.opened());
    const auto rounds = [&](RegionBook& book) {
      book.row(round(*source));
      json frame = service_frame(first - 1'000'000'000, 180);
      service.tell(frame);
      book.row(round(*source));
      frame = service_frame(first, anew_j, "another");
      for (json& channel : frame["channels"]) channel["before_j"] = nullptr;
      frame["clock"]["before_ns"] = nullptr;
      service.tell(frame);
      book.row(round(*source));
      EXPECT_THAT(source->trouble(), HasSubstr("began anew"));
    };
    const RegionResult result = run_over(*source, rounds, instant(first - 3'000'000'000), instant(first));
    const ChannelResult& package = result.channels[0];
    EXPECT_NEAR(package.value, 160.0, 1e-6) << anew_j;
    EXPECT_NEAR(package.coverage, 2.0 / 3.0, 1e-6) << anew_j;
  }
}

// However far it has counted, over the places of other epochs too.
TEST(Service, AServiceThatRunsForYearsIsMeasuredOn) {
  for (const double begin_j : {1.0995e10, 1.1e10, 3.2e11}) {
    const std::int64_t first = now_ns();
    Told service(service_frame(first - 1'000'000'000, begin_j));
    const std::unique_ptr<Source> source = open(service.opened());
    const auto rounds = [&](RegionBook& book) {
      book.row(round(*source));
      json frame = service_frame(first, begin_j + 120);
      for (json& channel : frame["channels"]) channel["before_j"] = nullptr;
      service.tell(frame);
      book.row(round(*source));
      EXPECT_EQ(source->trouble(), "");
    };
    const RegionResult result = run_over(*source, rounds, instant(first - 2'000'000'000), instant(first));
    EXPECT_NEAR(result.channels[0].value, 200.0, 0.02) << begin_j;
    EXPECT_NEAR(result.channels[0].coverage, 1.0, 1e-6) << begin_j;
  }
}

TEST(Service, ATimeThatTheServiceDidNotReadIsAGap) {
  const std::int64_t first = now_ns();
  Told service(service_frame(first - 1'000'000'000));
  const std::unique_ptr<Source> source = open(service.opened());
  const auto rounds = [&](RegionBook& book) {
    book.row(round(*source));
    json frame = service_frame(first, 110);
    frame["channels"][0]["segment"] = 1;
    frame["channels"][0]["before_j"] = nullptr;
    service.tell(frame);
    book.row(round(*source));
  };
  const RegionResult result = run_over(*source, rounds, instant(first - 2'000'000'000), instant(first));
  EXPECT_NEAR(result.channels[0].value, 80.0, 1e-6);
  EXPECT_NEAR(result.channels[0].coverage, 0.5, 1e-6);
  EXPECT_NEAR(result.channels[1].coverage, 1.0, 1e-6);
}

}  // namespace
}  // namespace impact::test
