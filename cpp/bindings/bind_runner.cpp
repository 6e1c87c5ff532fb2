// The runner as impact_tracker's Python sees it: lines and times; what they mean is runner.py's.
#include <pybind11/chrono.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cerrno>
#include <cmath>

#include "impact/runner/runner.hpp"

namespace py = pybind11;
using impact::Arrival;
using impact::Duration;
using impact::Runner;

namespace {

Duration from_seconds(double s) {
  if (!(s >= 0.0)) throw std::invalid_argument("a time is at least 0 seconds");
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(s, 1e9) * 1e9));
}

std::unique_ptr<Runner> start(std::vector<std::string> command, const std::map<std::string, std::string>& environment) {
  impact::ChildProcess::Options options{std::move(command), {environment.begin(), environment.end()}};
  auto runner = Runner::start(std::move(options));
  if (runner) return std::move(runner).value();
  const auto& error = runner.error();
  const auto text = error.what + (error.advice.empty() ? "" : " (" + error.advice + ")");
  PyErr_SetString(error.kind == impact::ErrorKind::absent      ? PyExc_FileNotFoundError
                  : error.kind == impact::ErrorKind::forbidden ? PyExc_PermissionError
                                                               : PyExc_OSError,
                  text.c_str());
  throw py::error_already_set();
}

// What a worker writes may be any bytes, and its last words may begin in the middle of a character.
py::str text_of(const std::string& bytes) {
  auto* text = PyUnicode_DecodeUTF8(bytes.data(), static_cast<py::ssize_t>(bytes.size()), "replace");
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(text);
}

// (line, nanoseconds of CLOCK_MONOTONIC); None: nothing within the time; EOFError: the worker has ended.
std::optional<std::pair<py::str, std::int64_t>> next(Runner& self, double timeout_s) {
  impact::WorkerEvent event;
  Arrival arrival{};
  {
    const py::gil_scoped_release release;
    arrival = self.next(event, from_seconds(timeout_s));
  }
  if (arrival == Arrival::nothing) return std::nullopt;
  if (arrival == Arrival::event) return std::pair{text_of(event.line), impact::nanoseconds(event.received)};
  PyErr_SetString(PyExc_EOFError, "the worker has ended");
  throw py::error_already_set();
}

std::optional<std::int64_t> send(Runner& self, const std::string& line, double timeout_s) {
  const auto sent = self.send(line, from_seconds(timeout_s));
  return sent ? std::optional(impact::nanoseconds(*sent)) : std::nullopt;
}

// (exit code or None, signal or None)
std::pair<std::optional<int>, std::optional<int>> pair_of(const impact::Ending& e) { return {e.exit_code, e.signal}; }

}  // namespace

void bind_runner(py::module_& m) {
  const auto free = py::call_guard<py::gil_scoped_release>();
  py::class_<Runner>(m, "Runner", "A worker process: lines to it, lines from it with the time they came.")
      .def(py::init(&start), py::arg("command"), py::arg("environment") = std::map<std::string, std::string>{})
      .def_property_readonly("pid", &Runner::pid)
      .def("send", &send, py::arg("line"), py::arg("timeout_s") = 10.0, free)
      .def("next", &next, py::arg("timeout_s"))
      .def(
          "close", [](Runner& self, double grace_s) { return pair_of(self.close(from_seconds(grace_s))); },
          py::arg("grace_s") = 5.0, free)
      .def("kill", &Runner::kill)
      .def("ending",
           [](Runner& self) {
             const auto ending = self.ending();
             return ending ? std::optional(pair_of(*ending)) : std::nullopt;
           })
      .def("error_output", [](const Runner& self) { return text_of(self.error_output()); });
}
