#pragma once
// Records of ranks of one machine, and what they are together.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "cpp/tracker/ranks.hpp"
#include "fakes/scratch.hpp"

namespace impact::test {

class Unite : public testing::Test {
 protected:
  RankRecord& rank(std::vector<Meter> meters, double opened_s, std::vector<std::string> missing = {}) {
    ranks_.push_back(std::make_unique<RankRecord>(dir_ / ("rank-" + std::to_string(count_++) + ".jsonl"),
                                                  std::move(meters), opened_s, std::move(missing)));
    return *ranks_.back();
  }

  United united() const {
    std::vector<RecordSpan> spans;
    for (const auto& r : ranks_) spans.push_back(r->span());
    return unite(spans).value();
  }

  static double truth(const std::string& curve, const RegionResult& r) {
    return fakes::Curve::parse(curve).energy_j(nanoseconds(r.start), nanoseconds(r.stop));
  }
  static void expect_holds(const RegionResult& r, double truth_j) {
    EXPECT_NEAR(r.energy.best().value(), truth_j, r.energy.half().value() + 1e-9 * truth_j) << r.name;
  }

  fakes::Scratch dir_;
  std::vector<std::unique_ptr<RankRecord>> ranks_;
  int count_ = 0;
};

inline constexpr const char* kSquare = "square:20:180:73ms";  // in step with no second

}  // namespace impact::test
