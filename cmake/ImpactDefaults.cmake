# Language, warnings, sanitizers: what every target of the project shares.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

# -O3 makes nothing here faster that could be measured, and the compiler a fifth slower.
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")

find_program(IMPACT_CCACHE ccache)
if(IMPACT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without these allowances the cache refuses every file that uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${IMPACT_CCACHE})
endif()

set(IMPACT_SANITIZE "" CACHE STRING "Sanitizers for every target: address;undefined or thread")
if(IMPACT_SANITIZE)
  string(REPLACE ";" "," _sanitize "${IMPACT_SANITIZE}")
  add_compile_options(-fsanitize=${_sanitize} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${_sanitize})
endif()

option(IMPACT_WERROR "Warnings are errors" OFF)
function(impact_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor
    # GCC 12 sees overlapping copies in "literal" + std::string (its bug 105651).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
    $<$<BOOL:${IMPACT_WERROR}>:-Werror>)
endfunction()
