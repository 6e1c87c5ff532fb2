#include "bind.hpp"
#include "impact/sources/registry.hpp"
#include "impact/tracker/json.hpp"
#include "python_json.hpp"

namespace py = pybind11;

namespace impact {
namespace {

nlohmann::json probe_json(const Probe& probe) {
  nlohmann::json channels = nlohmann::json::array();
  if (probe.source) {
    for (const Channel& c : probe.source->channels()) channels.push_back(to_json(c));
  }
  const bool used = probe.source != nullptr;
  return {{"name", probe.entry.name},
          {"group", probe.entry.group},
          {"what", probe.entry.what},
          {"state", used ? "used" : to_string(probe.error.kind)},
          {"error", used ? "" : probe.error.what},
          {"advice", used ? "" : probe.error.advice},
          {"channels", std::move(channels)}};
}

py::list probe(const std::string& root) {
  nlohmann::json found = nlohmann::json::array();
  {
    const py::gil_scoped_release released;
    for (const Probe& p : open_sources(Host{root})) found.push_back(probe_json(p));
  }
  return to_python(found);
}

}  // namespace

void bind_probe(py::module_& module) { module.def("probe", &probe, py::arg("root") = "/"); }

}  // namespace impact
