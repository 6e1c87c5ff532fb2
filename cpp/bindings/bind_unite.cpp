#include <pybind11/stl.h>

#include "bind.hpp"
#include "bind_result.hpp"
#include "impact/tracker/unite.hpp"
#include "python_json.hpp"

namespace py = pybind11;

namespace impact {
namespace {

using Given = std::tuple<py::object, std::int64_t, std::int64_t>;  // path, start and stop in ns

United unite_given(const std::vector<Given>& given) {
  std::vector<RecordSpan> spans;
  spans.reserve(given.size());
  for (const auto& [path, start, stop] : given) spans.push_back({path_of(path), instant(start), instant(stop)});
  const py::gil_scoped_release released;
  Result<United> united = unite(spans);
  if (!united) throw std::invalid_argument(united.error().what);
  return std::move(united).value();
}

// What was united, and the channels that all its results speak of.
struct BoundUnited {
  Channels channels;
  United united;

  BoundResult result(const RegionResult& r) const { return {channels, r}; }
  std::vector<BoundResult> results(const std::vector<RegionResult>& given) const {
    std::vector<BoundResult> bound;
    bound.reserve(given.size());
    for (const RegionResult& r : given) bound.push_back(result(r));
    return bound;
  }
};

}  // namespace

void bind_unite(py::module_& module) {
  py::class_<BoundUnited>(module, "United")
      .def_property_readonly("run", [](const BoundUnited& b) { return b.result(b.united.run); })
      .def_property_readonly("regions", [](const BoundUnited& b) { return b.results(b.united.regions); })
      .def_property_readonly("records", [](const BoundUnited& b) { return b.results(b.united.records); });
  module.def(
      "unite",
      [](const std::vector<Given>& records) {
        United united = unite_given(records);
        return BoundUnited{std::make_shared<const std::vector<Channel>>(united.channels), std::move(united)};
      },
      py::arg("records"));
}

}  // namespace impact
