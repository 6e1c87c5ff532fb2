#include "impact/model/uncertainty.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace impact::model {
namespace {

constexpr double kTwoSided95 = 1.959963984540054;

double triangular(const Input& in, double u) {
  const double width = in.high - in.low;
  if (width <= 0.0) return in.best;
  const double split = (in.best - in.low) / width;
  if (u < split) return in.low + std::sqrt(u * width * (in.best - in.low));
  return in.high - std::sqrt((1.0 - u) * width * (in.high - in.best));
}

double two_sided(double low, double best, double high, double z) {
  return best + z / kTwoSided95 * (z < 0.0 ? best - low : high - best);
}

void check_all(std::span<const Input> inputs, std::span<const Sum> results) {
  for (const Input& input : inputs) input.check();
  for (const Sum& sum : results) {
    for (const Term& term : sum) {
      for (const Power& power : term.powers) {
        if (power.input >= inputs.size()) throw std::invalid_argument("a term names an input that is not there");
      }
    }
  }
}

std::vector<double> best_values(std::span<const Input> inputs) {
  std::vector<double> values(inputs.size());
  std::transform(inputs.begin(), inputs.end(), values.begin(), [](const Input& in) { return in.best; });
  return values;
}

std::vector<std::vector<double>> draw_all(std::span<const Input> inputs, std::span<const Sum> results,
                                          std::size_t draws, std::uint64_t seed) {
  check_all(inputs, results);
  if (draws == 0) throw std::invalid_argument("at least one draw");
  Random random(seed);
  std::vector<double> values(inputs.size());
  std::vector<std::vector<double>> drawn(results.size(), std::vector<double>(draws));
  for (std::size_t d = 0; d < draws; ++d) {
    for (std::size_t i = 0; i < inputs.size(); ++i) values[i] = inputs[i].draw(random);
    for (std::size_t r = 0; r < results.size(); ++r) drawn[r][d] = evaluate(results[r], values);
  }
  return drawn;
}

double quantile(std::vector<double>& draws, double q) {
  const auto at = static_cast<std::ptrdiff_t>(std::floor(q * static_cast<double>(draws.size() - 1) + 0.5));
  std::nth_element(draws.begin(), draws.begin() + at, draws.end());
  return draws[static_cast<std::size_t>(at)];
}

}  // namespace

void Input::check() const {
  if (!std::isfinite(low) || !std::isfinite(best) || !std::isfinite(high))
    throw std::invalid_argument("an input must be finite");
  if (!(low <= best && best <= high)) throw std::invalid_argument("an input's low, best, high are out of order");
  if (low < 0.0) throw std::invalid_argument("an input must not be negative");
  if (spread == Spread::lognormal && high > low && low <= 0.0) {
    throw std::invalid_argument("a lognormal input must be above 0");
  }
}

double Input::draw(Random& random) const noexcept {
  if (high <= low) return best;
  switch (spread) {
    case Spread::normal: return std::max(0.0, two_sided(low, best, high, random.normal()));
    case Spread::lognormal: return std::exp(two_sided(std::log(low), std::log(best), std::log(high), random.normal()));
    case Spread::uniform: return low + random.uniform() * (high - low);
    case Spread::triangular: break;
  }
  return triangular(*this, random.uniform());
}

double evaluate(const Sum& sum, std::span<const double> values) {
  double total = 0.0;
  for (const Term& term : sum) {
    double product = term.coefficient;
    for (const Power& power : term.powers) {
      const double x = values[power.input];
      product *= power.exponent == 1.0 ? x : power.exponent == -1.0 ? 1.0 / x : std::pow(x, power.exponent);
    }
    total += product;
  }
  return total;
}

std::vector<Summary> monte_carlo(std::span<const Input> inputs, std::span<const Sum> results, std::size_t draws,
                                 std::uint64_t seed) {
  std::vector<std::vector<double>> drawn = draw_all(inputs, results, draws, seed);
  const std::vector<double> best = best_values(inputs);
  std::vector<Summary> summaries;
  summaries.reserve(results.size());
  for (std::size_t r = 0; r < results.size(); ++r) {
    Summary s;
    s.best = evaluate(results[r], best);
    s.mean = std::accumulate(drawn[r].begin(), drawn[r].end(), 0.0) / static_cast<double>(draws);
    s.low = quantile(drawn[r], 0.025);
    s.median = quantile(drawn[r], 0.5);
    s.high = quantile(drawn[r], 0.975);
    summaries.push_back(s);
  }
  return summaries;
}

std::vector<double> draw(std::span<const Input> inputs, const Sum& result, std::size_t draws, std::uint64_t seed) {
  return std::move(draw_all(inputs, std::span<const Sum>(&result, 1), draws, seed).front());
}

std::vector<Bar> tornado(std::span<const Input> inputs, const Sum& result) {
  check_all(inputs, std::span<const Sum>(&result, 1));
  std::vector<double> values = best_values(inputs);
  std::vector<Bar> bars;
  bars.reserve(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Bar bar;
    values[i] = inputs[i].low;
    bar.at_low = evaluate(result, values);
    values[i] = inputs[i].high;
    bar.at_high = evaluate(result, values);
    values[i] = inputs[i].best;
    bars.push_back(bar);
  }
  return bars;
}

}  // namespace impact::model
