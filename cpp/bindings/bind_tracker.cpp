#include <pybind11/stl.h>

#include "bind.hpp"
#include "bind_result.hpp"
#include "impact/tracker/tracker.hpp"
#include "python_json.hpp"

namespace py = pybind11;

namespace impact {
namespace {

using Released = py::call_guard<py::gil_scoped_release>;

std::shared_ptr<Tracker> make_tracker(const TrackerSettings& settings, const std::string& root) {
  const py::gil_scoped_release released;
  return Tracker::open(settings, Host{root});
}

// A region's result as it was left; what Python sees of it is made when somebody looks.
struct Left {
  std::shared_ptr<Tracker> tracker;
  RegionResult result;
};

std::optional<Left> leave(const std::shared_ptr<Tracker>& tracker, std::uint64_t region,
                          std::optional<std::int64_t> at_ns) {
  const py::gil_scoped_release released;
  std::optional<RegionResult> result = tracker->exit(region, at_ns ? std::optional(instant(*at_ns)) : std::nullopt);
  if (!result) return std::nullopt;
  return Left{tracker, std::move(*result)};
}

// The final result where the region was provisional and has settled since.
BoundResult look(const Left& left) {
  const std::optional<RegionResult> settled = left.tracker->settled(left.result.region);
  return {left.tracker->channels(), settled ? *settled : left.result};
}

std::optional<BoundResult> run_of(Tracker& tracker) {
  std::optional<RegionResult> run;
  {
    const py::gil_scoped_release released;
    run = tracker.result();
  }
  if (!run) return std::nullopt;
  return BoundResult{tracker.channels(), std::move(*run)};
}

}  // namespace

void bind_tracker(py::module_& module) {
  py::class_<Left>(module, "Left").def("result", &look);
  py::class_<Tracker, std::shared_ptr<Tracker>>(module, "Tracker")
      .def(py::init(&make_tracker), py::arg("settings"), py::arg("root") = "/")
      .def("start", &Tracker::start, Released())
      .def(
          "stop",
          [](Tracker& t, const py::dict& info) {
            const nlohmann::json j = from_python(info);
            const py::gil_scoped_release released;
            t.stop(j);
          },
          py::arg("info") = py::dict())
      .def("enter", &Tracker::enter, py::arg("name"), py::arg("edges") = py::none(), Released())
      .def("exit", &leave, py::arg("region"), py::arg("at_ns") = py::none())
      .def("result", &run_of)
      .def(
          "wait",
          [](Tracker& t, double energy_j, double timeout_s) {
            constexpr double kLongest = 1e8;  // three years, for a timeout without end
            return t.wait(Joules{energy_j}, Duration{static_cast<std::int64_t>(std::min(timeout_s, kLongest) * 1e9)});
          },
          py::arg("energy_j"), py::arg("timeout_s"), Released())
      .def(
          "note",
          [](Tracker& t, const py::dict& body) {
            const nlohmann::json note = from_python(body);
            const py::gil_scoped_release released;  // another thread may hold the tracker's lock while it writes
            t.note(note);
          },
          py::arg("body"))
      .def("health", [](Tracker& t) { return to_python(t.health()); })
      .def("flush", &Tracker::flush, Released())
      .def_property_readonly("path", [](const Tracker& t) { return python_path(t.path()); })
      .def_property_readonly("running", &Tracker::running)
      .def_property_readonly("inert", &Tracker::inert);
}

}  // namespace impact
