# macOS or Windows from a Linux machine, by the C++ compiler of zig (PyPI's ziglang), which brings the C and C++ libraries of both.
# scripts/other-systems makes the commands that it is called by: IMPACT_ZIG is their folder, IMPACT_ZIG_SYSTEM Darwin or Windows.
set(CMAKE_SYSTEM_NAME ${IMPACT_ZIG_SYSTEM})
set(CMAKE_SYSTEM_PROCESSOR ${IMPACT_ZIG_PROCESSOR})
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES IMPACT_ZIG IMPACT_ZIG_SYSTEM IMPACT_ZIG_PROCESSOR)
set(CMAKE_CXX_COMPILER ${IMPACT_ZIG}/c++)
set(CMAKE_AR ${IMPACT_ZIG}/ar CACHE FILEPATH "")
set(CMAKE_RANLIB ${IMPACT_ZIG}/ranlib CACHE FILEPATH "")
if(IMPACT_ZIG_SYSTEM STREQUAL "Darwin")
  set(CMAKE_OSX_SYSROOT "" CACHE STRING "")  # there is none
  set(CMAKE_OSX_DEPLOYMENT_TARGET "" CACHE STRING "")
endif()
# zig keeps what it has compiled itself.
set(CMAKE_CXX_COMPILER_LAUNCHER "" CACHE STRING "")

set(CMAKE_FIND_ROOT_PATH /nonexistent)  # nothing of this machine's is for the other system
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
