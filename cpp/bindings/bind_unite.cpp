#include <pybind11/stl.h>

#include "bind.hpp"
#include "impact/tracker/json.hpp"
#include "impact/tracker/unite.hpp"
#include "python_json.hpp"

namespace py = pybind11;

namespace impact {
namespace {

using Given = std::tuple<std::string, std::int64_t, std::int64_t>;  // path, start and stop in ns

United unite_given(const std::vector<Given>& given) {
  std::vector<RecordSpan> spans;
  for (const auto& [path, start, stop] : given) spans.push_back({path, instant(start), instant(stop)});
  Result<United> united = unite(spans);
  if (!united) throw std::invalid_argument(united.error().what);
  return std::move(united).value();
}

py::list list_of(const std::vector<RegionResult>& results, const std::vector<Channel>& channels) {
  py::list list;
  for (const RegionResult& r : results) list.append(to_python(to_json(r, channels)));
  return list;
}

}  // namespace

void bind_unite(py::module_& module) {
  module.def(
      "unite",
      [](const std::vector<Given>& records) {
        United united;
        {
          const py::gil_scoped_release released;
          united = unite_given(records);
        }
        py::dict found;
        found["run"] = to_python(to_json(united.run, united.channels));
        found["regions"] = list_of(united.regions, united.channels);
        found["records"] = list_of(united.records, united.channels);
        return found;
      },
      py::arg("records"));
}

}  // namespace impact
