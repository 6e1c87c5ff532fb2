#include "impact/model/uncertainty.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace impact::model {
namespace {

const Sum kProduct{{1.0, {{0, 1.0}, {1, 1.0}, {2, 1.0}}}};

TEST(Random, IsTheSameEverywhere) {
  Random a(1), b(1), c(2);
  EXPECT_EQ(a.uniform(), b.uniform());
  EXPECT_NE(a.uniform(), c.uniform());
  double sum = 0.0, squares = 0.0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double z = a.normal();
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 0.01);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.02);
}

TEST(Uncertainty, WithoutRangesEveryDrawIsTheBest) {
  const Input inputs[] = {{Spread::normal, 2, 2, 2}, {Spread::triangular, 3, 3, 3}, {Spread::lognormal, 5, 5, 5}};
  const auto result = monte_carlo(inputs, std::span(&kProduct, 1), 100, 1);
  EXPECT_EQ(result[0].best, 30.0);
  EXPECT_EQ(result[0].low, 30.0);
  EXPECT_EQ(result[0].high, 30.0);
}

TEST(Uncertainty, OneInputGivesBackItsOwnInterval) {
  const Sum alone{{1.0, {{0, 1.0}}}};
  const Input normal[] = {{Spread::normal, 90, 100, 130}};
  const auto n = monte_carlo(normal, std::span(&alone, 1), 100'000, 3)[0];
  EXPECT_NEAR(n.low, 90.0, 0.5);
  EXPECT_NEAR(n.high, 130.0, 0.8);
  EXPECT_NEAR(n.median, 100.0, 0.3);
  const Input ratio[] = {{Spread::lognormal, 75, 100, 133}};
  const auto l = monte_carlo(ratio, std::span(&alone, 1), 100'000, 3)[0];
  EXPECT_NEAR(l.low, 75.0, 0.6);
  EXPECT_NEAR(l.high, 133.0, 1.0);
  const Input flat[] = {{Spread::uniform, 0, 5, 10}};
  const auto u = monte_carlo(flat, std::span(&alone, 1), 100'000, 3)[0];
  EXPECT_NEAR(u.low, 0.25, 0.05);
  EXPECT_NEAR(u.mean, 5.0, 0.05);
  const Input choice[] = {{Spread::triangular, 0, 3, 9}};
  EXPECT_NEAR(monte_carlo(choice, std::span(&alone, 1), 100'000, 3)[0].mean, 4.0, 0.05);
}

TEST(Uncertainty, IndependentRatiosAddInQuadrature) {
  const double ratio = 1.2;
  const Input inputs[] = {{Spread::lognormal, 10 / ratio, 10, 10 * ratio},
                          {Spread::lognormal, 10 / ratio, 10, 10 * ratio}};
  const Sum product{{1.0, {{0, 1.0}, {1, 1.0}}}};
  const auto result = monte_carlo(inputs, std::span(&product, 1), 100'000, 5)[0];
  EXPECT_NEAR(std::log(result.high / 100.0), std::sqrt(2.0) * std::log(ratio), 0.01);
}

TEST(Uncertainty, ResultsShareTheirDraws) {
  const Input inputs[] = {{Spread::uniform, 1, 2, 3}, {Spread::uniform, 1, 2, 3}};
  const Sum results[] = {{{1.0, {{0, 1.0}}}, {1.0, {{1, 1.0}}}}, {{1.0, {{0, 1.0}}}, {-1.0, {{0, 1.0}}}}};
  const auto found = monte_carlo(inputs, results, 1000, 1);
  EXPECT_NEAR(found[1].high - found[1].low, 0.0, 1e-12);
  EXPECT_NEAR(found[0].mean, 4.0, 0.1);
}

TEST(Uncertainty, PowersDivide) {
  const Input inputs[] = {{Spread::uniform, 8, 8, 8}, {Spread::uniform, 2, 2, 2}};
  const Sum ratio{{1.0, {{0, 1.0}, {1, -1.0}}}, {1.0, {{1, 3.0}}}};
  EXPECT_EQ(monte_carlo(inputs, std::span(&ratio, 1), 1, 1)[0].best, 12.0);
}

TEST(Uncertainty, TheTornadoMovesOneInputAtATime) {
  const Input inputs[] = {{Spread::normal, 1, 2, 4}, {Spread::normal, 3, 3, 3}, {Spread::normal, 9, 10, 11}};
  const auto bars = tornado(inputs, kProduct);
  EXPECT_EQ(bars[0].at_low, 30.0);
  EXPECT_EQ(bars[0].at_high, 120.0);
  EXPECT_EQ(bars[1].at_low, 60.0);
  EXPECT_EQ(bars[1].at_high, 60.0);
  EXPECT_EQ(bars[2].at_high, 66.0);
}

TEST(Uncertainty, TheDrawsAreThoseOfTheSummary) {
  const Input inputs[] = {{Spread::lognormal, 1, 2, 4}, {Spread::uniform, 1, 2, 3}, {Spread::triangular, 1, 2, 3}};
  auto draws = draw(inputs, kProduct, 1000, 9);
  std::sort(draws.begin(), draws.end());
  EXPECT_EQ(draws.size(), 1000U);
  EXPECT_EQ(draws[500], monte_carlo(inputs, std::span(&kProduct, 1), 1000, 9)[0].median);
}

TEST(Uncertainty, NonsenseIsRefused) {
  const Sum wrong{{1.0, {{5, 1.0}}}};
  const Input one[] = {{Spread::normal, 1, 1, 1}};
  EXPECT_THROW(monte_carlo(one, std::span(&wrong, 1), 1, 1), std::invalid_argument);
  const Sum right{{1.0, {{0, 1.0}}}};
  EXPECT_THROW(monte_carlo(one, std::span(&right, 1), 0, 1), std::invalid_argument);
  for (const Input bad : {Input{Spread::normal, 2, 1, 3}, Input{Spread::lognormal, 0, 1, 3},
                          Input{Spread::uniform, -1, 1, 3}, Input{Spread::normal, 0, NAN, 3}}) {
    EXPECT_THROW(monte_carlo(std::span(&bad, 1), std::span(&right, 1), 1, 1), std::invalid_argument);
  }
}

}  // namespace
}  // namespace impact::model
