# What shortens the build and changes nothing in its result: headers compiled once, small sources compiled together, and less
# optimisation where nothing is hot. Off for clang-tidy and the header test, which read each file as it stands.
option(IMPACT_QUICK_BUILD "Precompiled headers, and small sources compiled together" ON)

set(IMPACT_PRECOMPILED_standard <algorithm> <array> <charconv> <chrono> <cmath> <cstdint> <filesystem> <functional> <map> <memory> <optional>
                                <span> <string> <string_view> <utility> <vector>)
set(IMPACT_PRECOMPILED_text ${IMPACT_PRECOMPILED_standard} <fmt/format.h> <nlohmann/json.hpp>)
set(IMPACT_PRECOMPILED_test ${IMPACT_PRECOMPILED_standard} <gmock/gmock.h> <gtest/gtest.h>)
set(IMPACT_PRECOMPILED_torch <nlohmann/json.hpp> <torch/types.h> <torch/nn/module.h> <torch/cuda.h> <torch/utils.h> <torch/optim/optimizer.h>)

# impact_precompile(<target> <kind>): the headers of this kind, compiled by the first target that asks and shared by those that follow.
function(impact_precompile target kind)
  if(NOT IMPACT_QUICK_BUILD)
    return()
  endif()
  get_property(owner GLOBAL PROPERTY impact_precompiled_${kind})
  if(owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  else()
    target_precompile_headers(${target} PRIVATE ${IMPACT_PRECOMPILED_${kind}})
    set_property(GLOBAL PROPERTY impact_precompiled_${kind} ${target})
  endif()
  # GCC's preprocessor leaves the precompiled header as a line that names it: a compiler cache reads that.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endfunction()

# impact_cold(<source>...): runs once a process or once a request, and is made of templates that take long to optimise.
function(impact_cold)
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS $<$<CONFIG:Release>:-O1>)
endfunction()
