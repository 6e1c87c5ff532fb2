# fmt and nlohmann-json: the system's where it has them; else those in third_party/, which every sdist holds (scripts/vendor); else a pinned
# release, checked by its hash. fmt is linked, not taken as headers alone: those have every file compile the formatter anew, which is two
# thirds of a reader's compile time.
include(FetchContent)
include(ImpactReleases)
find_package(Threads REQUIRED)

option(IMPACT_FETCH_DEPENDENCIES
       "Take third_party/ or the pinned releases even where the system has fmt and nlohmann-json: fmt is linked statically then" OFF)

if(NOT IMPACT_FETCH_DEPENDENCIES)
  find_package(fmt 8 QUIET)
  find_package(nlohmann_json 3.10 QUIET)  # with fmt 8: Ubuntu 22.04's
endif()
set(bundled ${PROJECT_SOURCE_DIR}/third_party)
set(IMPACT_NOTICES "")  # licences of what becomes part of the binaries

if(NOT TARGET fmt::fmt)
  if(EXISTS ${bundled}/fmt/src/format.cc)
    message(STATUS "fmt: the one in third_party/")
    set(fmt_release_SOURCE_DIR ${bundled}/fmt)
  else()
    impact_release_url(url ${IMPACT_FMT_URL})
    message(STATUS "Not on this system, taking the release: ${url}")
    # SOURCE_SUBDIR names a folder that is not there: one source file is wanted, not the project's own build with its tests.
    FetchContent_Declare(fmt_release URL ${url} SOURCE_SUBDIR none TLS_VERIFY TRUE URL_HASH SHA256=${IMPACT_FMT_HASH})
    FetchContent_MakeAvailable(fmt_release)
  endif()
  add_library(impact_fmt STATIC ${fmt_release_SOURCE_DIR}/src/format.cc)
  target_include_directories(impact_fmt SYSTEM PUBLIC ${fmt_release_SOURCE_DIR}/include)
  add_library(fmt::fmt ALIAS impact_fmt)
  list(APPEND IMPACT_NOTICES fmt=${fmt_release_SOURCE_DIR}/LICENSE)
endif()

if(NOT TARGET nlohmann_json::nlohmann_json)
  set(include ${bundled}/nlohmann_json/include)
  if(EXISTS ${include}/nlohmann/json.hpp)
    message(STATUS "nlohmann-json: the one in third_party/")
    list(APPEND IMPACT_NOTICES nlohmann_json=${bundled}/nlohmann_json/LICENSE)
  else()
    set(include ${CMAKE_CURRENT_BINARY_DIR}/_deps/include)
    impact_json_headers(${include})
  endif()
  add_library(nlohmann_json::nlohmann_json INTERFACE IMPORTED GLOBAL)
  target_include_directories(nlohmann_json::nlohmann_json INTERFACE ${include})
endif()

if(SKBUILD)  # a wheel carries the notices of what is inside it
  foreach(name_and_file ${IMPACT_NOTICES})
    string(REPLACE "=" ";" pair ${name_and_file})
    list(POP_FRONT pair name file)
    foreach(component python worker)
      install(FILES ${file} DESTINATION ${SKBUILD_METADATA_DIR}/licenses/${name} COMPONENT ${component})
    endforeach()
  endforeach()
endif()
