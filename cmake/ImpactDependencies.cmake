# fmt and nlohmann-json: the system's where it has them, else a pinned release, checked by its hash. fmt is linked, not taken as headers
# alone: those have every file compile the formatter anew, which is two thirds of a reader's compile time.
include(FetchContent)
find_package(Threads REQUIRED)

set(IMPACT_DEPENDENCY_MIRROR "" CACHE STRING
    "Where the pinned releases are taken from instead of GitHub: a URL or file:// folder that holds the files under their own names")
option(IMPACT_FETCH_DEPENDENCIES "Take the pinned releases even where the system has fmt and nlohmann-json: fmt is linked statically then" OFF)

# impact_release_url(<out> <url>): the URL, or the file of the same name in the mirror.
function(impact_release_url out url)
  if(IMPACT_DEPENDENCY_MIRROR)
    cmake_path(GET url FILENAME file)
    set(url ${IMPACT_DEPENDENCY_MIRROR}/${file})
  endif()
  message(STATUS "Not on this system, taking the release: ${url}")
  set(${out} ${url} PARENT_SCOPE)
endfunction()

if(NOT IMPACT_FETCH_DEPENDENCIES)
  find_package(fmt 8 QUIET)
  find_package(nlohmann_json 3.10 QUIET)  # with fmt 8: Ubuntu 22.04's
endif()

if(NOT TARGET fmt::fmt)
  impact_release_url(url https://github.com/fmtlib/fmt/archive/refs/tags/11.2.0.tar.gz)
  # SOURCE_SUBDIR names a folder that is not there: one source file is wanted, not the project's own build with its tests.
  FetchContent_Declare(fmt_release URL ${url} SOURCE_SUBDIR none TLS_VERIFY TRUE
                       URL_HASH SHA256=bc23066d87ab3168f27cef3e97d545fa63314f5c79df5ea444d41d56f962c6af)
  FetchContent_MakeAvailable(fmt_release)
  add_library(impact_fmt STATIC ${fmt_release_SOURCE_DIR}/src/format.cc)
  target_include_directories(impact_fmt SYSTEM PUBLIC ${fmt_release_SOURCE_DIR}/include)
  add_library(fmt::fmt ALIAS impact_fmt)
endif()

if(NOT TARGET nlohmann_json::nlohmann_json)
  set(include ${CMAKE_CURRENT_BINARY_DIR}/_deps/include)
  foreach(header_and_hash
      json.hpp=9bea4c8066ef4a1c206b2be5a36302f8926f7fdc6087af5d20b417d0cf103ea6
      json_fwd.hpp=5cefbba751baf5243033fd894c70be9b37103d64b3d3a959e4173197d71137b9)
    string(REPLACE "=" ";" pair ${header_and_hash})
    list(POP_FRONT pair header hash)
    impact_release_url(url https://github.com/nlohmann/json/releases/download/v3.11.3/${header})
    # Fails the configuration where the hash is another; a file that is there with this hash is not fetched again.
    file(DOWNLOAD ${url} ${include}/nlohmann/${header} EXPECTED_HASH SHA256=${hash} TLS_VERIFY ON)
  endforeach()
  add_library(nlohmann_json::nlohmann_json INTERFACE IMPORTED GLOBAL)
  target_include_directories(nlohmann_json::nlohmann_json INTERFACE ${include})
endif()
