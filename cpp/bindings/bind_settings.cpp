#include <pybind11/stl.h>

#include "bind.hpp"
#include "impact/sources/registry.hpp"
#include "impact/tracker/tracker.hpp"
#include "python_json.hpp"

namespace py = pybind11;

namespace impact {
namespace {

py::object share_of(const TrackerSettings& settings) {
  const Whose& whose = settings.share.whose;
  if (whose.pid != 0) return py::int_(whose.pid);
  return py::str(whose.children_only ? "children" : "self");
}

// "self", "children" or the number of a process.
void set_share_of(TrackerSettings& settings, const py::object& of) {
  Whose whose{settings.share.whose.scope};
  if (py::isinstance<py::int_>(of)) whose.pid = of.cast<std::int64_t>();
  const std::string word = py::isinstance<py::str>(of) ? of.cast<std::string>() : "";
  whose.children_only = word == "children";
  if (whose.pid <= 0 && !whose.children_only && word != "self")
    throw std::invalid_argument("share_of must be \"self\", \"children\" or the number of a process");
  settings.share.whose = whose;
}

void bind_enums(py::module_& module) {
  py::enum_<Edges>(module, "Edges").value("plain", Edges::plain).value("tick", Edges::tick);
  py::enum_<Scope> scope(module, "Scope");
  for (const Scope s : {Scope::machine, Scope::process, Scope::cgroup, Scope::job})
    scope.value(std::string(to_string(s)).c_str(), s);
  py::enum_<IdlePolicy> policy(module, "IdlePolicy");
  for (const IdlePolicy p : {IdlePolicy::none, IdlePolicy::allocated_cores, IdlePolicy::usage, IdlePolicy::equal})
    policy.value(std::string(to_string(p)).c_str(), p);
}

}  // namespace

void bind_settings(py::module_& module) {
  using Settings = TrackerSettings;
  bind_enums(module);
  py::class_<Settings>(module, "TrackerSettings")
      .def(py::init<>())
      .def_property_readonly_static("shortest_interval_s",
                                    [](const py::object&) { return seconds(Settings::kShortestInterval); })
      .def_property_readonly_static("longest_interval_s",
                                    [](const py::object&) { return seconds(Settings::kLongestInterval); })
      .def_property(
          "logdir", [](const Settings& s) { return python_path(s.logdir); },
          [](Settings& s, const py::object& logdir) { s.logdir = path_of(logdir); })
      .def_property(
          "interval_s", [](const Settings& s) { return seconds(s.interval); },
          [](Settings& s, double interval_s) { s.interval = Settings::interval_of(interval_s); })
      .def_readwrite("sources", &Settings::sources)
      .def_property(
          "source_settings", [](const Settings& s) { return s.source_settings.of_file(); },
          [](Settings& s, SourceSettings::Values values) { s.source_settings = SourceSettings(std::move(values)); })
      .def_readwrite("edges", &Settings::edges)
      .def_readwrite("include_psys", &Settings::include_psys)
      .def_readwrite("strict", &Settings::strict)
      .def_readwrite("run_key", &Settings::run_key)
      .def_property(
          "scope", [](const Settings& s) { return s.share.whose.scope; },
          [](Settings& s, Scope scope) { s.share.whose.scope = scope; })
      .def_property(
          "idle_policy", [](const Settings& s) { return s.share.policy; },
          [](Settings& s, IdlePolicy policy) { s.share.policy = policy; })
      .def_property("share_of", &share_of, &set_share_of)
      .def_property(
          "info", [](const Settings& s) { return to_python(s.info); },
          [](Settings& s, const py::dict& info) { s.info = from_python(info); });
  py::class_<DeclaredSetting>(module, "SourceSetting")
      .def_readonly("name", &DeclaredSetting::name)
      .def_property_readonly("variable", [](const DeclaredSetting& s) { return variable_of(s.name); })
      .def_readonly("what", &DeclaredSetting::what)
      .def_readonly("default", &DeclaredSetting::otherwise)
      .def_readonly("readers", &DeclaredSetting::readers)
      .def_property_readonly("is_secret", [](const DeclaredSetting& s) { return s.kind == SettingKind::secret; })
      .def_property_readonly("is_path", [](const DeclaredSetting& s) { return s.kind == SettingKind::path; });
  module.def("source_settings", &declared_settings);
}

}  // namespace impact
