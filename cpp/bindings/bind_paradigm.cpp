// Binds the simulator of paradigms. The arithmetic and the table of its parameters stand in impact/model.

#include "bind.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "impact/model/paradigm.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace impact {
namespace {

using model::NamedValues;
using model::ParadigmCost;
using model::ParadigmParameter;
using model::ParadigmQuantity;
using model::ParadigmScenario;
using model::SweptParameter;

using Given = std::map<std::string, double>;
using Column = std::pair<std::string, std::optional<std::size_t>>;  // a parameter, and the group (without: every one)

ParadigmScenario make_scenario(const Given& common, const std::vector<Given>& groups) {
  std::vector<NamedValues> named;
  named.reserve(groups.size());
  for (const Given& group : groups) named.emplace_back(group.begin(), group.end());
  ParadigmScenario scenario = model::scenario_of({common.begin(), common.end()}, named);
  scenario.check();
  return scenario;
}

std::vector<ParadigmCost> costs(const ParadigmScenario& scenario) {
  std::vector<ParadigmCost> all;
  all.reserve(model::kParadigms);
  for (std::size_t i = 0; i < model::kParadigms; ++i) {
    all.push_back(model::cost(scenario, static_cast<model::Paradigm>(i)));
  }
  return all;
}

std::vector<std::tuple<std::string, double, double>> terms(const ParadigmCost& cost) {
  std::vector<std::tuple<std::string, double, double>> rows;
  rows.reserve(model::kCostTerms);
  for (std::size_t i = 0; i < model::kCostTerms; ++i) {
    rows.emplace_back(name(static_cast<model::CostTerm>(i)), cost.energy_j[i], cost.carbon_g[i]);
  }
  return rows;
}

py::array_t<double> sweep(const ParadigmScenario& base, const std::vector<Column>& columns,
                          const py::array_t<double, py::array::c_style | py::array::forcecast>& values,
                          const std::string& quantity) {
  std::vector<SweptParameter> swept;
  for (const auto& [name, group] : columns) {
    if (group && *group >= base.groups.size()) throw std::invalid_argument("the scenario has no such group");
    swept.push_back({&model::paradigm_parameter(name), group.value_or(SweptParameter::kEveryGroup)});
  }
  const std::map<std::string, ParadigmQuantity> quantities{{"energy_j", ParadigmQuantity::energy_j},
                                                           {"carbon_g", ParadigmQuantity::carbon_g},
                                                           {"duration_s", ParadigmQuantity::duration_s}};
  const auto chosen = quantities.find(quantity);
  if (chosen == quantities.end()) throw std::invalid_argument("a quantity is energy_j, carbon_g or duration_s");
  const std::span<const double> given(values.data(), static_cast<std::size_t>(values.size()));
  const std::vector<double> results = [&] {
    const py::gil_scoped_release released;
    return model::sweep(base, swept, given, chosen->second);
  }();
  const auto width = static_cast<py::ssize_t>(model::kParadigms);
  const std::vector<py::ssize_t> shape{static_cast<py::ssize_t>(results.size()) / width, width};
  return py::array_t<double>(shape, results.data());
}

std::optional<double> fallback(const ParadigmParameter& parameter) {
  return parameter.fallback == parameter.fallback ? std::optional(parameter.fallback) : std::nullopt;
}

}  // namespace

void bind_paradigm(py::module_& module) {
  py::class_<ParadigmParameter>(module, "ParadigmParameter")
      .def_readonly("name", &ParadigmParameter::name)
      .def_readonly("symbol", &ParadigmParameter::symbol)
      .def_readonly("unit", &ParadigmParameter::unit)
      .def_readonly("meaning", &ParadigmParameter::meaning)
      .def_readonly("low", &ParadigmParameter::low)
      .def_readonly("high", &ParadigmParameter::high)
      .def_readonly("positive", &ParadigmParameter::positive)
      .def_property_readonly("fallback", &fallback)
      .def_property_readonly("of_group", [](const ParadigmParameter& p) { return p.group != nullptr; });
  py::class_<ParadigmCost>(module, "ParadigmCost")
      .def_property_readonly("terms", &terms)
      .def_readonly("centre_making_g", &ParadigmCost::centre_making_g)
      .def_readonly("learners_making_g", &ParadigmCost::learners_making_g)
      .def_readonly("duration_s", &ParadigmCost::duration_s)
      .def_property_readonly("energy_j", &ParadigmCost::total_energy_j)
      .def_property_readonly("carbon_g", &ParadigmCost::total_carbon_g);
  py::class_<ParadigmScenario>(module, "ParadigmScenario")
      .def(py::init(&make_scenario), "common"_a, "groups"_a)
      .def("costs", &costs)
      .def("sweep", &sweep, "columns"_a, "values"_a, "quantity"_a);
  module.def("paradigm_parameters", [] {
    const auto table = model::paradigm_parameters();
    return std::vector<ParadigmParameter>(table.begin(), table.end());
  });
  std::vector<std::string> names;
  names.reserve(model::kParadigms);
  for (std::size_t i = 0; i < model::kParadigms; ++i) names.emplace_back(name(static_cast<model::Paradigm>(i)));
  module.attr("PARADIGMS") = py::tuple(py::cast(names));
}

}  // namespace impact
