#include "fakes/curve.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace impact::fakes {
namespace {

TEST(Curve, MatchesTheGoldenValues) {
  std::ifstream file(IMPACT_TEST_DATA "/curves/golden.txt");
  ASSERT_TRUE(file);
  int seen = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    std::string text;
    std::int64_t t0 = 0, t1 = 0;
    double energy = 0, power = 0;
    fields >> text >> t0 >> t1 >> energy >> power;
    const Curve curve = Curve::parse(text);
    EXPECT_NEAR(curve.energy_j(t0, t1), energy, 1e-12 + 1e-13 * std::abs(energy)) << line;
    EXPECT_NEAR(curve.power_w(t0), power, 1e-9) << line;
    ++seen;
  }
  EXPECT_GT(seen, 50);
}

TEST(Curve, EnergyIsAdditiveAndAntisymmetric) {
  const Curve curve = Curve::parse("square:20:180:50ms+sine:100:80:30ms");
  EXPECT_NEAR(curve.energy_j(0, 7'000'000) + curve.energy_j(7'000'000, 91'000'001), curve.energy_j(0, 91'000'001),
              1e-12);
  EXPECT_DOUBLE_EQ(curve.energy_j(5, 1'000'000), -curve.energy_j(1'000'000, 5));
  EXPECT_NEAR(curve.mean_w(0, 150'000'000), 200, 1e-9);
}

TEST(Curve, RefusesWhatIsNoPower) {
  for (const char* bad : {"", "constant", "constant:-1", "constant:1W", "sine:80:100:30ms", "square:1:2:50",
                          "square:1:2:3ns", "steps:1@2s:2@1s", "steps:5", "saw:1:2:3ms", "constant:1+"})
    EXPECT_THROW(Curve::parse(bad), std::invalid_argument) << bad;
}

}  // namespace
}  // namespace impact::fakes
