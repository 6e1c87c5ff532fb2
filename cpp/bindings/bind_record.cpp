#include <pybind11/stl.h>

#include "bind.hpp"
#include "bind_result.hpp"
#include "impact/record/flusher.hpp"
#include "impact/tracker/json.hpp"
#include "impact/tracker/replay.hpp"
#include "impact/tracker/tracker.hpp"
#include "python_json.hpp"

namespace py = pybind11;

namespace impact {
namespace {

// The replay of a file, kept with its path for the series, which are read on demand.
struct PyRecord {
  std::string path;
  std::shared_ptr<const Replay> replay;

  Channels channels() const { return {replay, &replay->header.channels}; }
};

PyRecord read(const std::string& path) {
  Result<Replay> played = replay(path);
  if (!played) {
    const Error& e = played.error();
    if (e.kind == ErrorKind::absent || e.kind == ErrorKind::forbidden) throw IoError(e.what, e.kind, path, e.code);
    throw std::invalid_argument(e.what);
  }
  return {path, std::make_shared<const Replay>(std::move(played).value())};
}

// The numbers as a memoryview of doubles that owns them.
py::object view(std::vector<double> numbers) {
  py::object bytes = py::bytearray(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double));
  return py::memoryview(bytes).attr("cast")("d");
}

py::tuple series(const PyRecord& record, const std::string& channel_id) {
  Result<Series> read = read_series(record.path, channel_id);
  if (!read) throw std::invalid_argument(read.error().what);
  return py::make_tuple(view(std::move(read.value().time_s)), view(std::move(read.value().value)));
}

py::object header(const PyRecord& record) {
  const Header& h = record.replay->header;
  nlohmann::json j = h.info;
  j["version"] = h.version;
  j["run_id"] = h.run_id;
  j["start_ns"] = nanoseconds(h.start);
  j["start_utc_ns"] = h.start_utc_ns;
  j["boot_id"] = h.boot_id;
  j["pid"] = h.pid;
  for (const Channel& c : h.channels) {
    nlohmann::json channel = to_json(c);
    channel["max_power_w"] = c.max_power.value();
    j["channels"].push_back(std::move(channel));
  }
  return to_python(j);
}

std::vector<BoundResult> regions(const PyRecord& record) {
  std::vector<BoundResult> results;
  results.reserve(record.replay->regions.size());
  for (const RegionResult& r : record.replay->regions) results.push_back({record.channels(), r});
  return results;
}

}  // namespace

void bind_record(py::module_& module) {
  module.def("flush_all", &flush_all_records, py::call_guard<py::gil_scoped_release>());
  py::class_<PyRecord>(module, "Record")
      .def(py::init([](const py::object& path) {
             const std::string file = path_of(path);
             const py::gil_scoped_release released;
             return read(file);
           }),
           py::arg("path"))
      .def_property_readonly("path", [](const PyRecord& r) { return python_path(r.path); })
      .def_property_readonly("header", &header)
      .def_property_readonly("totals", [](const PyRecord& r) { return to_python(r.replay->totals); })
      .def_property_readonly("complete", [](const PyRecord& r) { return r.replay->complete; })
      .def_property_readonly("damage",
                             [](const PyRecord& r) -> py::object {
                               return r.replay->damage ? py::object(python_text(*r.replay->damage)) : py::none();
                             })
      .def_property_readonly("notes", [](const PyRecord& r) { return to_python(nlohmann::json(r.replay->notes)); })
      .def_property_readonly("left_open", [](const PyRecord& r) { return to_python(r.replay->left_open); })
      .def_property_readonly("started", [](const PyRecord& r) { return r.replay->run.has_value(); })
      .def("result", [](const PyRecord& r) { return BoundResult{r.channels(), r.replay->result()}; })
      .def("regions", &regions)
      .def("series", &series, py::arg("channel_id"))
      .def("health", [](const PyRecord& r) { return to_python(r.replay->health); });
}

}  // namespace impact
