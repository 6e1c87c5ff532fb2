#pragma once
// One function a file: each adds its part to _core.

#include <pybind11/pybind11.h>

namespace impact {

void bind_errors(pybind11::module_& module);
void bind_settings(pybind11::module_& module);
void bind_result(pybind11::module_& module);
void bind_tracker(pybind11::module_& module);
void bind_record(pybind11::module_& module);
void bind_unite(pybind11::module_& module);
void bind_probe(pybind11::module_& module);
void bind_live(pybind11::module_& module);
void bind_model(pybind11::module_& module);
void bind_paradigm(pybind11::module_& module);

}  // namespace impact
