#include "bind.hpp"

PYBIND11_MODULE(_core, module) {
  module.doc() = "The compiled core of impact_tracker: thin bindings, units in the names.";
  module.attr("__version__") = IMPACT_VERSION;
  impact::bind_errors(module);
  impact::bind_settings(module);
  impact::bind_result(module);
  impact::bind_tracker(module);
  impact::bind_record(module);
  impact::bind_unite(module);
  impact::bind_probe(module);
  impact::bind_live(module);
  impact::bind_model(module);
  impact::bind_paradigm(module);
}
