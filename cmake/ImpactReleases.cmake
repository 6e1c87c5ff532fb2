# The pinned releases of fmt and nlohmann-json: where each file is, and its hash. Read where the package is configured, and by cmake/vendor.cmake.
set(IMPACT_DEPENDENCY_MIRROR "" CACHE STRING
    "Where the pinned releases are taken from instead of GitHub: a URL or file:// folder that holds the files under their own names")

set(IMPACT_FMT_URL https://github.com/fmtlib/fmt/archive/refs/tags/11.2.0.tar.gz)
set(IMPACT_FMT_HASH bc23066d87ab3168f27cef3e97d545fa63314f5c79df5ea444d41d56f962c6af)
set(IMPACT_JSON_URL https://github.com/nlohmann/json/releases/download/v3.11.3)
set(IMPACT_JSON_HEADERS
    json.hpp=9bea4c8066ef4a1c206b2be5a36302f8926f7fdc6087af5d20b417d0cf103ea6
    json_fwd.hpp=5cefbba751baf5243033fd894c70be9b37103d64b3d3a959e4173197d71137b9)

# impact_release_url(<out> <url>): the URL, or the file of the same name in the mirror.
function(impact_release_url out url)
  if(IMPACT_DEPENDENCY_MIRROR)
    cmake_path(GET url FILENAME file)
    set(url ${IMPACT_DEPENDENCY_MIRROR}/${file})
  endif()
  set(${out} ${url} PARENT_SCOPE)
endfunction()

# impact_json_headers(<folder>): fetches the headers into it. Fails where a hash is another; a file with this hash is not fetched again.
function(impact_json_headers folder)
  foreach(header_and_hash ${IMPACT_JSON_HEADERS})
    string(REPLACE "=" ";" pair ${header_and_hash})
    list(POP_FRONT pair header hash)
    impact_release_url(url ${IMPACT_JSON_URL}/${header})
    message(STATUS "Taking the release: ${url}")
    file(DOWNLOAD ${url} ${folder}/nlohmann/${header} EXPECTED_HASH SHA256=${hash} TLS_VERIFY ON)
  endforeach()
endfunction()
