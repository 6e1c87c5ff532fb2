#include "python_json.hpp"

#include <cmath>

namespace py = pybind11;

namespace impact {

using nlohmann::json;

namespace {

py::str taken(PyObject* text) {
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(text);
}

}  // namespace

std::string path_of(const py::object& path) {
  PyObject* bytes = nullptr;
  if (PyUnicode_FSConverter(path.ptr(), static_cast<void*>(&bytes)) == 0) throw py::error_already_set();
  return py::reinterpret_steal<py::bytes>(bytes);
}

py::str python_path(const std::string& path) {
  return taken(PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size())));
}

py::str python_text(const std::string& text) {
  return taken(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace"));
}

py::object to_python(const json& value) {
  switch (value.type()) {
    case json::value_t::boolean: return py::bool_(value.get<bool>());
    case json::value_t::number_integer: return py::int_(value.get<std::int64_t>());
    case json::value_t::number_unsigned: return py::int_(value.get<std::uint64_t>());
    case json::value_t::number_float: return py::float_(value.get<double>());
    case json::value_t::string: return python_text(value.get_ref<const std::string&>());
    case json::value_t::array: {
      py::list list(value.size());
      for (std::size_t i = 0; i < value.size(); ++i) list[i] = to_python(value[i]);
      return list;
    }
    case json::value_t::object: {
      py::dict dict;
      for (const auto& [key, item] : value.items()) dict[python_text(key)] = to_python(item);
      return dict;
    }
    default: return py::none();
  }
}

json from_python(const py::handle& value, int depth) {
  if (depth > 64) throw std::invalid_argument("the value is nested deeper than 64 levels (does it contain itself?)");
  if (value.is_none()) return nullptr;
  if (py::isinstance<py::bool_>(value)) return value.cast<bool>();
  if (py::isinstance<py::int_>(value)) {
    try {
      return value.cast<std::int64_t>();
    } catch (const py::cast_error&) {
      return py::str(value).cast<std::string>();
    }
  }
  if (py::isinstance<py::float_>(value)) {
    const double number = value.cast<double>();
    return std::isfinite(number) ? json(number) : json(nullptr);
  }
  if (py::isinstance<py::dict>(value)) {
    json object = json::object();
    for (const auto& [key, item] : value.cast<py::dict>()) {
      object[py::str(key).cast<std::string>()] = from_python(item, depth + 1);
    }
    return object;
  }
  if (py::isinstance<py::list>(value) || py::isinstance<py::tuple>(value)) {
    json array = json::array();
    for (const py::handle item : value) array.push_back(from_python(item, depth + 1));
    return array;
  }
  // Text may hold lone surrogates (file names): what UTF-8 cannot say is replaced, never raised.
  return py::str(value).attr("encode")("utf-8", "replace").attr("decode")("utf-8").cast<std::string>();
}

}  // namespace impact
