#include <cmath>

#include <pybind11/stl.h>

#include "bind.hpp"
#include "impact/tracker/json.hpp"
#include "impact/tracker/tracker.hpp"
#include "python_json.hpp"

namespace py = pybind11;

namespace impact {
namespace {

using Released = py::call_guard<py::gil_scoped_release>;

template <class T>
T setting(const py::dict& settings, const char* name, T otherwise) {
  if (!settings.contains(name) || settings[name].is_none()) return otherwise;
  try {
    return settings[name].cast<T>();
  } catch (const py::cast_error&) {
    throw std::invalid_argument(std::string(name) + ": " + py::repr(settings[name]).cast<std::string>() +
                                " is not of the type that this setting takes");
  }
}

Edges edges_from(const std::string& name) {
  if (name == "plain") return Edges::plain;
  if (name == "tick") return Edges::tick;
  throw std::invalid_argument("edges: \"" + name + "\" is neither \"plain\" nor \"tick\"");
}

// "self", "children" or the number of a process.
Whose whose_from(const std::string& scope, const py::object& of) {
  Whose whose;
  const std::optional<Scope> found = scope_from(scope);
  if (!found) throw std::invalid_argument("scope: \"" + scope + "\" is none of machine, process, cgroup, job");
  whose.scope = *found;
  if (of.is_none()) return whose;
  if (py::isinstance<py::int_>(of)) whose.pid = of.cast<std::int64_t>();
  whose.children_only = py::isinstance<py::str>(of) && of.cast<std::string>() == "children";
  const bool self = py::isinstance<py::str>(of) && of.cast<std::string>() == "self";
  if (whose.pid <= 0 && !whose.children_only && !self)
    throw std::invalid_argument("share_of must be \"self\", \"children\" or the number of a process");
  return whose;
}

IdlePolicy policy_from(const std::string& name) {
  if (const std::optional<IdlePolicy> found = idle_policy_from(name)) return *found;
  throw std::invalid_argument("idle_policy: \"" + name + "\" is none of none, allocated_cores, usage, equal");
}

std::shared_ptr<Tracker> make_tracker(const std::string& logdir, const py::dict& given) {
  TrackerSettings s;
  s.logdir = logdir;
  const double interval = setting(given, "interval_s", 1.0);
  if (!std::isfinite(interval) || interval > 1e6)
    throw std::invalid_argument("interval_s must lie between 0.0005 and 3600 seconds");
  s.interval = Duration{std::llround(interval * 1e9)};
  for (const py::handle name : setting(given, "sources", py::list()))
    s.sources.push_back(py::str(name).cast<std::string>());
  s.edges = edges_from(setting<std::string>(given, "edges", "plain"));
  s.include_psys = setting(given, "include_psys", false);
  s.strict = setting(given, "strict", false);
  s.run_key = setting<std::string>(given, "run_key", "");
  s.share.whose =
      whose_from(setting<std::string>(given, "scope", "machine"), setting<py::object>(given, "share_of", py::none()));
  s.share.policy = policy_from(setting<std::string>(given, "idle_policy", "usage"));
  s.info = from_python(setting(given, "info", py::dict()));
  s.info["tags"] = from_python(setting(given, "tags", py::dict()));
  const Host host{setting<std::string>(given, "root", "/")};
  const py::gil_scoped_release released;
  return Tracker::open(s, host);
}

// A region's result as it was left; its dict is made when somebody looks.
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
py::object look(const Left& left) {
  if (const auto settled = left.tracker->settled(left.result.region)) {
    return to_python(to_json(*settled, left.tracker->channels()));
  }
  return to_python(to_json(left.result, left.tracker->channels()));
}

py::object dict_of(const Tracker& tracker, const std::optional<RegionResult>& result) {
  return result ? to_python(to_json(*result, tracker.channels())) : py::none();
}

}  // namespace

void bind_tracker(py::module_& module) {
  py::class_<Left>(module, "Left").def("dict", &look);
  py::class_<Tracker, std::shared_ptr<Tracker>>(module, "Tracker")
      .def(py::init(&make_tracker), py::arg("logdir"), py::arg("settings"))
      .def("start", &Tracker::start, Released())
      .def(
          "stop",
          [](Tracker& t, const py::dict& info) {
            const nlohmann::json j = from_python(info);
            const py::gil_scoped_release released;
            t.stop(j);
          },
          py::arg("info") = py::dict())
      .def(
          "enter",
          [](Tracker& t, const std::string& name, const std::optional<std::string>& edges) {
            const py::gil_scoped_release released;
            return t.enter(name, edges ? std::optional(edges_from(*edges)) : std::nullopt);
          },
          py::arg("name"), py::arg("edges") = py::none())
      .def("exit", &leave, py::arg("region"), py::arg("at_ns") = py::none())
      .def("result",
           [](Tracker& t) {
             std::optional<RegionResult> result;
             {
               const py::gil_scoped_release released;
               result = t.result();
             }
             return dict_of(t, result);
           })
      .def("health", [](Tracker& t) { return to_python(t.health()); })
      .def("flush", &Tracker::flush, Released())
      .def_property_readonly("path", &Tracker::path)
      .def_property_readonly("running", &Tracker::running)
      .def_property_readonly("inert", &Tracker::inert);
}

}  // namespace impact
