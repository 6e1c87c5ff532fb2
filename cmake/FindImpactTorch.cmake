# Finds libtorch and makes the target impact::torch, without find_package(Torch): that one asks for a CUDA toolkit as soon
# as the wheel was built with CUDA, although nothing here is compiled for CUDA.
#
#   IMPACT_TORCH_ROOT   where to look: a Python interpreter that can import torch, a virtual environment, a folder
#                       site-packages/torch, or an unpacked libtorch; empty: the system's (Debian's libtorch-dev)
#   IMPACT_TORCH_WITH_OR_WITHOUT_CUDA   link libtorch alone, which brings CUDA's libraries where it was built with them: what is
#                       linked runs with any build of this torch. Of a GPU's memory it can tell from torch 2.9 on
# Sets ImpactTorch_FOUND, ImpactTorch_VERSION, ImpactTorch_CUDA (the libraries for CUDA are there), ImpactTorch_LIBRARY_DIR,
# and with CUDA ImpactTorch_GPU_MEMORY: how the memory of a GPU is told, or why it is not.
set(IMPACT_TORCH_ROOT "" CACHE STRING "libtorch: a Python interpreter, a virtual environment, .../site-packages/torch or an unpacked libtorch; empty: the system's")

option(IMPACT_TORCH_WITH_OR_WITHOUT_CUDA "Link libtorch alone: the worker runs with builds of this torch that have CUDA, and with those that have not" OFF)

# Peak memory of a GPU: from 2.9 on torch tells it through a header of its own. Before, that header includes those of the
# CUDA run time: pip installs them beside torch, a toolkit has them as well; they must be of torch's own major version.
function(impact_torch_cuda_headers home version)
  set(ImpactTorch_CUDA_INCLUDE "" PARENT_SCOPE)
  if(NOT version VERSION_LESS 2.9)
    set(ImpactTorch_GPU_MEMORY "told by torch itself" PARENT_SCOPE)
    return()
  endif()
  set(_wanted "")
  if(EXISTS "${home}/version.py")
    file(STRINGS "${home}/version.py" _line REGEX "^cuda[: ].*= *'[0-9]+")
    string(REGEX REPLACE ".*'([0-9]+).*" "\\1" _wanted "${_line}")
  endif()
  file(GLOB _folders "${home}/../nvidia/cuda_runtime/include" "${home}/../nvidia/cu[0-9]*/include"
                     "${CUDAToolkit_ROOT}/include" "$ENV{CUDA_HOME}/include" "$ENV{CUDA_PATH}/include"
                     "${home}/../../../../targets/*/include" "/usr/local/cuda/include")
  set(_seen "")
  foreach(_folder IN LISTS _folders)
    if(NOT EXISTS "${_folder}/cuda_runtime_api.h")
      continue()
    endif()
    file(STRINGS "${_folder}/cuda_runtime_api.h" _line REGEX "^#define CUDART_VERSION +[0-9]+" LIMIT_COUNT 1)
    string(REGEX REPLACE ".* ([0-9]+)[0-9][0-9][0-9]$" "\\1" _found "${_line}")
    if(_wanted AND NOT _found EQUAL _wanted)
      list(APPEND _seen "${_folder} is of CUDA ${_found}")
      continue()
    endif()
    set(_include "${_folder}")
    if(NOT EXISTS "${_folder}/crt/host_defines.h")  # it belongs to the compiler's package, which torch does not need
      list(APPEND _include "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/cuda")
    endif()
    set(ImpactTorch_CUDA_INCLUDE "${_include}" PARENT_SCOPE)
    set(ImpactTorch_GPU_MEMORY "through the headers in ${_folder}" PARENT_SCOPE)
    return()
  endforeach()
  list(JOIN _seen ", " _seen)
  set(ImpactTorch_GPU_MEMORY "not told: no headers of the run time of CUDA ${_wanted} (pip install nvidia-cuda-runtime-cu${_wanted}) ${_seen}" PARENT_SCOPE)
endfunction()

set(_torch_home "")
set(_torch_problem "")
if(IMPACT_TORCH_ROOT)
  set(_candidate "${IMPACT_TORCH_ROOT}")
  if(IS_DIRECTORY "${_candidate}" AND EXISTS "${_candidate}/bin/python3" AND NOT EXISTS "${_candidate}/include/torch/script.h")
    set(_candidate "${_candidate}/bin/python3")
  endif()
  if(IS_DIRECTORY "${_candidate}")
    set(_torch_home "${_candidate}")
  else()
    # Looking the package up is enough: importing torch would take seconds.
    execute_process(
      COMMAND "${_candidate}" -c "import importlib.util as u, os; s = u.find_spec('torch'); print(os.path.dirname(s.origin) if s else '')"
      OUTPUT_VARIABLE _torch_home OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE _torch_rc)
    if(NOT _torch_rc EQUAL 0 OR NOT _torch_home)
      set(_torch_home "")
      set(_torch_problem "${_candidate} has no package torch (pip install 'torch>=2.7')")
    endif()
  endif()
  set(_torch_find_options PATHS "${_torch_home}" NO_DEFAULT_PATH)
else()
  set(_torch_find_options "")
endif()

if(NOT _torch_problem)
  # Not cached: a change of IMPACT_TORCH_ROOT must count.
  foreach(_name IN ITEMS include_dir api_dir lib lib_cpu lib_c10 lib_cuda lib_c10_cuda)
    unset(_torch_${_name} CACHE)
  endforeach()
  find_path(_torch_include_dir torch/script.h ${_torch_find_options} PATH_SUFFIXES include)
  find_path(_torch_api_dir torch/torch.h HINTS "${_torch_include_dir}/torch/csrc/api/include" NO_DEFAULT_PATH)
  foreach(_pair IN ITEMS lib:torch lib_cpu:torch_cpu lib_c10:c10 lib_cuda:torch_cuda lib_c10_cuda:c10_cuda)
    string(REPLACE ":" ";" _pair "${_pair}")
    list(GET _pair 0 _name)
    list(GET _pair 1 _library)
    find_library(_torch_${_name} ${_library} ${_torch_find_options} PATH_SUFFIXES lib)
  endforeach()
endif()

set(ImpactTorch_VERSION "")
if(_torch_api_dir AND EXISTS "${_torch_api_dir}/torch/version.h")
  file(STRINGS "${_torch_api_dir}/torch/version.h" _torch_lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  foreach(_part IN ITEMS MAJOR MINOR PATCH)
    string(REGEX REPLACE ".*TORCH_VERSION_${_part} ([0-9]+).*" "\\1" _torch_${_part} "${_torch_lines}")
  endforeach()
  set(ImpactTorch_VERSION "${_torch_MAJOR}.${_torch_MINOR}.${_torch_PATCH}")
endif()

# Wheels before 2.7 were built with the old ABI of std::string; nothing built here would link to them.
if(_torch_home MATCHES "-packages/torch/?$" AND ImpactTorch_VERSION AND ImpactTorch_VERSION VERSION_LESS 2.7)
  set(_torch_problem "the wheel of torch ${ImpactTorch_VERSION} has the old C++ ABI; 2.7 or later is needed")
  unset(_torch_lib CACHE)
endif()

include(FindPackageHandleStandardArgs)
if(_torch_problem)
  set(ImpactTorch_REASON "${_torch_problem}")
else()
  set(ImpactTorch_REASON "no libtorch: install libtorch-dev (Debian), or give -DIMPACT_TORCH_ROOT=<a Python with torch 2.7 or later>")
endif()
find_package_handle_standard_args(ImpactTorch
  REQUIRED_VARS _torch_lib _torch_lib_cpu _torch_lib_c10 _torch_include_dir _torch_api_dir
  VERSION_VAR ImpactTorch_VERSION REASON_FAILURE_MESSAGE "${ImpactTorch_REASON}")
mark_as_advanced(_torch_include_dir _torch_api_dir _torch_lib _torch_lib_cpu _torch_lib_c10 _torch_lib_cuda _torch_lib_c10_cuda)

if(ImpactTorch_FOUND AND NOT TARGET impact::torch)
  get_filename_component(ImpactTorch_LIBRARY_DIR "${_torch_lib}" DIRECTORY)
  add_library(impact::torch INTERFACE IMPORTED)
  target_include_directories(impact::torch SYSTEM INTERFACE "${_torch_include_dir}" "${_torch_api_dir}")
  target_compile_definitions(impact::torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
  set(ImpactTorch_CUDA FALSE)
  if(IMPACT_TORCH_WITH_OR_WITHOUT_CUDA)
    # Nothing refers to libtorch's own symbols, so the linker would drop it, and with it what it brings.
    target_link_libraries(impact::torch INTERFACE "-Wl,--no-as-needed,${_torch_lib},--as-needed" "${_torch_lib_cpu}" "${_torch_lib_c10}")
  else()
    target_link_libraries(impact::torch INTERFACE "${_torch_lib}" "${_torch_lib_cpu}" "${_torch_lib_c10}")
  endif()
  if(_torch_lib_cuda AND _torch_lib_c10_cuda AND NOT IMPACT_TORCH_WITH_OR_WITHOUT_CUDA)
    set(ImpactTorch_CUDA TRUE)
    # Nothing refers to their symbols, so the linker would drop them, and with them every CUDA device.
    target_link_libraries(impact::torch INTERFACE
      "-Wl,--no-as-needed,${_torch_lib_cuda},${_torch_lib_c10_cuda},--as-needed")
    impact_torch_cuda_headers("${_torch_include_dir}/.." "${ImpactTorch_VERSION}")
    if(ImpactTorch_CUDA_INCLUDE)
      target_include_directories(impact::torch SYSTEM INTERFACE ${ImpactTorch_CUDA_INCLUDE})
      target_compile_definitions(impact::torch INTERFACE IMPACT_TORCH_CUDA_HEADERS=1)
    endif()
  endif()
endif()
