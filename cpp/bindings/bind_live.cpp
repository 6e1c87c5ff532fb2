#include <pybind11/stl.h>

#include "bind.hpp"
#include "impact/attribution/process_table.hpp"
#include "impact/tracker/gpu_users.hpp"
#include "python_json.hpp"

namespace py = pybind11;

namespace impact {
namespace {

// Facts of those that are new or changed, the numbers of those that ended, and (number, CPU seconds) of those that worked.
py::tuple look(ProcessTable& table) {
  ProcessChanges changes;
  {
    const py::gil_scoped_release released;
    changes = table.look();
  }
  py::list used;
  for (const ProcessTime& time : changes.used) used.append(py::make_tuple(time.pid, seconds(time.cpu)));
  return py::make_tuple(std::move(changes.seen), std::move(changes.gone), std::move(used));
}

// ("Slurm", "77", "0"): the system, the job in it, and its step where there is one.
py::object job_of(const ProcessFacts& facts) {
  if (!facts.job) return py::none();
  const JobPath& job = *facts.job;
  return py::make_tuple(std::string(to_string(job.system)), python_text(job.id), python_text(job.step));
}

// None where no GPU's driver can be asked.
std::unique_ptr<GpuUsers> open_users(const std::string& root) {
  const py::gil_scoped_release released;
  Result<std::unique_ptr<GpuUsers>> users = GpuUsers::open(Host{root});
  return users ? std::move(users).value() : nullptr;
}

}  // namespace

void bind_live(py::module_& module) {
  py::class_<ProcessFacts>(module, "ProcessFacts")
      .def_readonly("pid", &ProcessFacts::pid)
      .def_property_readonly("command", [](const ProcessFacts& f) { return python_text(f.command); })
      .def_property_readonly("group", [](const ProcessFacts& f) { return python_text(f.group); })
      .def_property_readonly("job", &job_of);
  py::class_<ProcessTable>(module, "ProcessTable")
      .def(py::init([](const std::string& root) { return ProcessTable(Host{root}); }), py::arg("root") = "/")
      .def("look", &look);
  py::class_<GpuUser>(module, "GpuUser")
      .def_readonly("pid", &GpuUser::pid)
      .def_readonly("share", &GpuUser::share)
      .def_readonly("use", &GpuUser::use)
      .def_readonly("memory_bytes", &GpuUser::memory_bytes);
  py::class_<GpuLook>(module, "GpuLook")
      .def_readonly("device", &GpuLook::device)
      .def_readonly("unknown", &GpuLook::unknown)
      .def_readonly("users", &GpuLook::users);
  py::class_<GpuUsers>(module, "GpuUsers").def("look", &GpuUsers::look, py::call_guard<py::gil_scoped_release>());
  module.def("gpu_users", &open_users, py::arg("root") = "/");
}

}  // namespace impact
