#pragma once
// Ranges through a model: every result is a sum of products of powers of its inputs (energy x PUE x intensity; water;
// share of life x making ...), which is enough for the whole footprint and lets one evaluator serve interval, Monte Carlo
// and tornado.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "impact/model/random.hpp"

namespace impact::model {

enum class Spread : std::uint8_t {
  normal,      // low and high are a 95 % interval; its two sides may differ
  lognormal,   // the same on a logarithmic scale: for factors that are off by a ratio
  triangular,  // low and high are bounds, best is the mode: for choices
  uniform,     // any value between the bounds alike
};

// An uncertain number. std::invalid_argument by check() unless low <= best <= high, all finite, and above 0 for lognormal.
struct Input {
  Spread spread = Spread::triangular;
  double low = 0.0, best = 0.0, high = 0.0;

  void check() const;
  double draw(Random& random) const noexcept;  // a normal one is cut at 0: no input of a footprint is negative
};

struct Power {
  std::size_t input = 0;
  double exponent = 1.0;
};

struct Term {
  double coefficient = 1.0;
  std::vector<Power> powers;
};

using Sum = std::vector<Term>;

struct Summary {
  double best = 0.0;  // with every input at its best value
  double mean = 0.0, median = 0.0;
  double low = 0.0, high = 0.0;  // 2.5 % and 97.5 % quantiles of the draws
};

struct Bar {
  double at_low = 0.0, at_high = 0.0;  // the result with this input alone at its low and at its high
};

double evaluate(const Sum& sum, std::span<const double> values);

// All results from the same draws, so that their differences keep their correlation. std::invalid_argument for no draw,
// an input that does not hold together, a term that names an input that is not there.
std::vector<Summary> monte_carlo(std::span<const Input> inputs, std::span<const Sum> results, std::size_t draws,
                                 std::uint64_t seed);

// The draws of one result themselves, for a figure: the same as monte_carlo's with this result alone.
std::vector<double> draw(std::span<const Input> inputs, const Sum& result, std::size_t draws, std::uint64_t seed);

// One bar an input, in their order: what matters is the longest.
std::vector<Bar> tornado(std::span<const Input> inputs, const Sum& result);

}  // namespace impact::model
