#include "worker/datasets/locate.hpp"

#include <cstdlib>
#include <filesystem>

#include "worker/protocol.hpp"

namespace impact::worker {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> folders(const DataPlace& place, const std::string& given) {
  if (!given.empty()) {
    return {given, fs::path(given) / place.folder};
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment while a data set is looked for
  if (const char* data = std::getenv("IMPACT_TRACKER_DATA"); data != nullptr && *data != '\0') {
    return {fs::path(data) / place.folder, data};
  }
  return {place.system};
}

}  // namespace

std::string locate(const DataPlace& place, const std::string& given, const std::string& name) {
  std::string looked;
  for (const auto& folder : folders(place, given)) {
    for (const auto& file : {folder / (name + ".gz"), folder / name}) {
      std::error_code ignored;
      if (fs::is_regular_file(file, ignored)) {
        return file.string();
      }
    }
    looked += (looked.empty() ? "" : ", ") + folder.string();
  }
  throw ProtocolError("no-data", place.title + " was not found: no " + name + " in " + looked, place.advice);
}

}  // namespace impact::worker
