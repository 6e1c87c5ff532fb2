#pragma once
// JSON values as Python objects and back.

#include <pybind11/pybind11.h>
#include <nlohmann/json.hpp>

namespace impact {

pybind11::object to_python(const nlohmann::json& value);
// None, bool, int, float, str, and lists, tuples and dicts of them; anything else by its str(). ValueError past a depth of 64.
nlohmann::json from_python(const pybind11::handle& value, int depth = 0);

}  // namespace impact
