// Binds the model: intensities over time, and ranges by Monte Carlo. The arithmetic stands in impact/model.

#include "bind.hpp"

#include <pybind11/stl.h>

#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "impact/model/intensity_series.hpp"
#include "impact/model/uncertainty.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace impact {
namespace {

using model::EnergyKind;
using model::Input;
using model::IntensitySeries;
using model::Shape;
using model::Spread;
using model::Sum;

using PyInput = std::tuple<std::string, double, double, double>;
using PyTerm = std::pair<double, std::vector<std::pair<std::size_t, double>>>;

// Numbers of Python without a copy where a fitting buffer allows (array.array, numpy), else copied one by one.
template <class T>
class Numbers {
 public:
  explicit Numbers(const py::object& from) {
    if (PyObject_CheckBuffer(from.ptr()) != 0) {
      info_ = py::reinterpret_borrow<py::buffer>(from).request();
      const bool fits =
          info_.format == py::format_descriptor<T>::format() || (std::is_integral_v<T> && info_.format == "l");
      if (fits && info_.ndim == 1 && info_.itemsize == sizeof(T) && info_.strides[0] == info_.itemsize) {
        span_ = {static_cast<const T*>(info_.ptr), static_cast<std::size_t>(info_.shape[0])};
        return;
      }
    }
    copy_ = from.cast<std::vector<T>>();
    span_ = copy_;
  }
  Numbers(const Numbers&) = delete;
  Numbers& operator=(const Numbers&) = delete;

  std::span<const T> span() const noexcept { return span_; }

 private:
  py::buffer_info info_;  // keeps the buffer alive and unchanged in size
  std::vector<T> copy_;
  std::span<const T> span_;
};

template <class E>
E choice(const std::string& word, std::initializer_list<std::pair<const char*, E>> known) {
  std::string names;
  for (const auto& [name, value] : known) {
    if (word == name) return value;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  throw std::invalid_argument("'" + word + "' is none of " + names);
}

IntensitySeries make_series(const py::object& times_ns, const py::object& values, std::int64_t end_ns,
                            const std::string& shape, double max_hold_s) {
  if (!(max_hold_s >= 0.0 && max_hold_s < 9e9)) throw std::invalid_argument("max_hold_s must be 0 or more");
  return {Numbers<std::int64_t>(times_ns).span(), Numbers<double>(values).span(), end_ns,
          choice<Shape>(shape, {{"step", Shape::step}, {"linear", Shape::linear}}),
          static_cast<std::int64_t>(max_hold_s * 1e9)};
}

py::dict weigh(const IntensitySeries& series, const py::object& times_ns, const py::object& energy,
               const std::string& kind) {
  const auto what = choice<EnergyKind>(kind, {{"cumulative", EnergyKind::cumulative}, {"power", EnergyKind::power}});
  const Numbers<std::int64_t> times(times_ns);
  const Numbers<double> values(energy);
  const auto w = [&] {
    const py::gil_scoped_release released;
    return series.weigh(times.span(), values.span(), what);
  }();
  return py::dict("impact"_a = w.impact, "known_j"_a = w.known_j, "held_j"_a = w.held_j,
                  "uncovered_j"_a = w.uncovered_j, "missing_s"_a = w.missing_s, "lowest"_a = w.lowest,
                  "highest"_a = w.highest);
}

std::vector<Input> to_inputs(const std::vector<PyInput>& given) {
  std::vector<Input> inputs;
  inputs.reserve(given.size());
  for (const auto& [spread, low, best, high] : given) {
    inputs.push_back({choice<Spread>(spread, {{"normal", Spread::normal},
                                              {"lognormal", Spread::lognormal},
                                              {"triangular", Spread::triangular},
                                              {"uniform", Spread::uniform}}),
                      low, best, high});
  }
  return inputs;
}

Sum to_sum(const std::vector<PyTerm>& given) {
  Sum sum;
  for (const auto& [coefficient, powers] : given) {
    sum.push_back({coefficient, {}});
    for (const auto& [input, exponent] : powers) sum.back().powers.push_back({input, exponent});
  }
  return sum;
}

py::list monte_carlo(const std::vector<PyInput>& inputs, const std::vector<std::vector<PyTerm>>& results,
                     std::size_t draws, std::uint64_t seed) {
  std::vector<Sum> sums;
  sums.reserve(results.size());
  for (const auto& result : results) sums.push_back(to_sum(result));
  py::list out;
  for (const auto& s : impact::model::monte_carlo(to_inputs(inputs), sums, draws, seed)) {
    out.append(
        py::dict("best"_a = s.best, "mean"_a = s.mean, "median"_a = s.median, "low"_a = s.low, "high"_a = s.high));
  }
  return out;
}

std::vector<std::pair<double, double>> tornado(const std::vector<PyInput>& inputs, const std::vector<PyTerm>& result) {
  std::vector<std::pair<double, double>> bars;
  for (const auto& bar : impact::model::tornado(to_inputs(inputs), to_sum(result)))
    bars.emplace_back(bar.at_low, bar.at_high);
  return bars;
}

std::vector<double> draw(const std::vector<PyInput>& inputs, const std::vector<PyTerm>& result, std::size_t draws,
                         std::uint64_t seed) {
  return impact::model::draw(to_inputs(inputs), to_sum(result), draws, seed);
}

}  // namespace

void bind_model(py::module_& m) {
  py::class_<IntensitySeries>(m, "IntensitySeries")
      .def(py::init(&make_series), "times_ns"_a, "values"_a, py::kw_only(), "end_ns"_a, "shape"_a = "step",
           "max_hold_s"_a = 0.0)
      .def("weigh", &weigh, "times_ns"_a, "energy"_a, "kind"_a = "cumulative")
      .def("__len__", &IntensitySeries::size);
  m.def("monte_carlo", &monte_carlo, "inputs"_a, "results"_a, "draws"_a = 10'000, "seed"_a = 0);
  m.def("draw", &draw, "inputs"_a, "result"_a, "draws"_a = 10'000, "seed"_a = 0);
  m.def("tornado", &tornado, "inputs"_a, "result"_a);
}

}  // namespace impact
