# fmt and nlohmann-json: the system's where it has them, else a pinned release, checked by its hash.
include(FetchContent)
find_package(Threads REQUIRED)

find_package(fmt 9 QUIET)
find_package(nlohmann_json 3.10 QUIET)
