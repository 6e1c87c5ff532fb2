# cmake -DOUT=<folder> [-DIMPACT_DEPENDENCY_MIRROR=…] -P cmake/vendor.cmake: the pinned releases of fmt and nlohmann-json, of each the part
# that the build reads and its licence, as scripts/vendor lays them out.
cmake_minimum_required(VERSION 3.22)
include(${CMAKE_CURRENT_LIST_DIR}/ImpactReleases.cmake)

impact_release_url(url ${IMPACT_FMT_URL})
message(STATUS "Taking the release: ${url}")
file(DOWNLOAD ${url} ${OUT}/fmt.tar.gz EXPECTED_HASH SHA256=${IMPACT_FMT_HASH} TLS_VERIFY ON)
file(ARCHIVE_EXTRACT INPUT ${OUT}/fmt.tar.gz DESTINATION ${OUT}/unpacked)
file(GLOB fmt ${OUT}/unpacked/fmt-*)
file(COPY ${fmt}/include ${fmt}/LICENSE DESTINATION ${OUT}/fmt)
file(COPY ${fmt}/src/format.cc DESTINATION ${OUT}/fmt/src)
file(REMOVE_RECURSE ${OUT}/fmt.tar.gz ${OUT}/unpacked)

impact_json_headers(${OUT}/nlohmann_json/include)
# The release of single headers has no file of the licence: the headers name their holder, and the terms stand here.
file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/nlohmann_json.LICENSE ${OUT}/nlohmann_json/LICENSE)
file(WRITE ${OUT}/README "fmt: ${IMPACT_FMT_URL}\nnlohmann_json: ${IMPACT_JSON_URL}\n")
