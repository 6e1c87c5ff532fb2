#pragma once
// JSON values, paths and words as Python objects and back.

#include <pybind11/pybind11.h>
#include <nlohmann/json.hpp>
#include <string>

namespace impact {

pybind11::object to_python(const nlohmann::json& value);
// None, bool, int, float, str, and lists, tuples and dicts of them; anything else by its str(). ValueError past a depth of 64.
nlohmann::json from_python(const pybind11::handle& value, int depth = 0);

// A path as the file system has it, whose bytes need not be UTF-8: in Python's text they are lone surrogates.
std::string path_of(const pybind11::object& path);
pybind11::str python_path(const std::string& path);

// Words that may hold such a path, as "caf\\xe9".
pybind11::str python_text(const std::string& text);

}  // namespace impact
