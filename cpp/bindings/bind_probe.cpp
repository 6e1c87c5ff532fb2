#include <cstdlib>

#include <pybind11/stl.h>

#include "bind.hpp"
#include "impact/sources/cpu_info.hpp"
#include "impact/sources/gpu_places.hpp"
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
          {"error", probe.error.what},
          {"advice", probe.error.advice},
          {"origin", used ? probe.source->origin() : ""},
          {"channels", std::move(channels)}};
}

py::list probe(const std::string& root, const SourceSettings::Values& settings) {
  nlohmann::json probes = nlohmann::json::array();
  {
    const py::gil_scoped_release released;
    for (const Probe& p : open_sources(Host{root}, {}, SourceSettings(settings))) probes.push_back(probe_json(p));
  }
  return to_python(probes);
}

std::optional<std::string_view> environment(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the interpreter's lock is held, under which Python changes the environment
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string_view>(value);
}

// Devices, "gpu:GPU-…" or "MIG-…"; none where there is no driver, or where it cannot be known.
py::object visible_gpus() {
  const Result<std::shared_ptr<const nvml::Nvml>> library = nvml::Nvml::open({});
  if (!library) return py::none();
  const auto seen = nvml::visible_gpus(nvml::gpu_places(*library.value()), environment("CUDA_VISIBLE_DEVICES"),
                                       environment("CUDA_DEVICE_ORDER"));
  if (!seen) return py::none();
  py::list names;
  for (const nvml::VisibleGpu& gpu : *seen) names.append(gpu.slice.value_or(gpu.device));
  return names;
}

}  // namespace

void bind_probe(py::module_& module) {
  module.def("probe", &probe, py::arg("root") = "/", py::arg("settings") = SourceSettings::Values{});
  module.def("visible_gpus", &visible_gpus);
  module.def("cpu_name", [](const std::string& root) { return read_cpu_info(Host{root}).name; }, py::arg("root") = "/");
}

}  // namespace impact
