# fmt and nlohmann-json: the system's where it has them, else a pinned release, checked by its hash. Headers only, both.
include(FetchContent)
find_package(Threads REQUIRED)

set(IMPACT_DEPENDENCY_MIRROR "" CACHE STRING
    "Where the pinned releases are taken from instead of GitHub: a URL or file:// folder that holds the files under their own names")
option(IMPACT_FETCH_DEPENDENCIES "Take the pinned releases even where the system has fmt and nlohmann-json" OFF)

# impact_fetch(<name> <url> <sha256>): <name>_SOURCE_DIR holds the file or, if it is an archive, what was in it.
function(impact_fetch name url sha256)
  if(IMPACT_DEPENDENCY_MIRROR)
    cmake_path(GET url FILENAME file)
    set(url ${IMPACT_DEPENDENCY_MIRROR}/${file})
  endif()
  set(extract)
  if(url MATCHES "\\.hpp$")
    set(extract DOWNLOAD_NO_EXTRACT TRUE)
  endif()
  message(STATUS "${name}: not on this system, taking ${url}")
  # SOURCE_SUBDIR names a folder that is not there: the headers are wanted, not the project's own build.
  FetchContent_Declare(${name} URL ${url} URL_HASH SHA256=${sha256} SOURCE_SUBDIR none
                       DOWNLOAD_EXTRACT_TIMESTAMP FALSE TLS_VERIFY TRUE ${extract})
  FetchContent_MakeAvailable(${name})
  set(${name}_SOURCE_DIR ${${name}_SOURCE_DIR} PARENT_SCOPE)
endfunction()

if(NOT IMPACT_FETCH_DEPENDENCIES)
  find_package(fmt 9 QUIET)
  find_package(nlohmann_json 3.10 QUIET)
endif()

if(NOT TARGET fmt::fmt-header-only)
  impact_fetch(fmt_release https://github.com/fmtlib/fmt/archive/refs/tags/11.2.0.tar.gz
               bc23066d87ab3168f27cef3e97d545fa63314f5c79df5ea444d41d56f962c6af)
  add_library(fmt::fmt-header-only INTERFACE IMPORTED GLOBAL)
  target_include_directories(fmt::fmt-header-only INTERFACE ${fmt_release_SOURCE_DIR}/include)
  target_compile_definitions(fmt::fmt-header-only INTERFACE FMT_HEADER_ONLY=1)
endif()

if(NOT TARGET nlohmann_json::nlohmann_json)
  set(release https://github.com/nlohmann/json/releases/download/v3.11.3)
  impact_fetch(json_release ${release}/json.hpp 9bea4c8066ef4a1c206b2be5a36302f8926f7fdc6087af5d20b417d0cf103ea6)
  impact_fetch(json_fwd_release ${release}/json_fwd.hpp 5cefbba751baf5243033fd894c70be9b37103d64b3d3a959e4173197d71137b9)
  set(include ${CMAKE_CURRENT_BINARY_DIR}/_deps/include)
  file(COPY ${json_release_SOURCE_DIR}/json.hpp ${json_fwd_release_SOURCE_DIR}/json_fwd.hpp DESTINATION ${include}/nlohmann)
  add_library(nlohmann_json::nlohmann_json INTERFACE IMPORTED GLOBAL)
  target_include_directories(nlohmann_json::nlohmann_json INTERFACE ${include})
endif()
