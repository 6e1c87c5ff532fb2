#include <cerrno>

#include "bind.hpp"
#include "impact/tracker/tracker.hpp"
#include "python_json.hpp"

namespace py = pybind11;

namespace impact {
namespace {

// An OSError of the right kind (NotADirectoryError, PermissionError, …) with its errno, text and path.
void raise_os_error(const IoError& error) {
  const int kind = error.kind == ErrorKind::forbidden ? EACCES : error.kind == ErrorKind::absent ? ENOENT : EIO;
  const int code = error.code != 0 ? error.code : kind;
  const py::object exception =
      py::reinterpret_borrow<py::object>(PyExc_OSError)(code, python_text(error.what()), python_path(error.path));
  PyErr_SetObject(py::type::of(exception).ptr(), exception.ptr());
}

}  // namespace

void bind_errors(py::module_& module) {
  py::register_exception<NoSourceError>(module, "NoSourceError", PyExc_RuntimeError);
  // NOLINTNEXTLINE(performance-unnecessary-value-param): pybind11 takes a function of this type
  py::register_exception_translator([](std::exception_ptr caught) {
    try {
      if (caught) std::rethrow_exception(caught);
    } catch (const IoError& error) {
      raise_os_error(error);
    } catch (const std::logic_error& error) {
      const bool value = dynamic_cast<const std::invalid_argument*>(&error) != nullptr;
      PyErr_SetObject(value ? PyExc_ValueError : PyExc_RuntimeError, python_text(error.what()).ptr());
    }
  });
}

}  // namespace impact
