#include "worker/datasets/locate.hpp"

#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "worker/protocol.hpp"

namespace impact::worker {
namespace {

namespace fs = std::filesystem;

struct Close {
  void operator()(gzFile_s* file) const { gzclose(file); }
};

std::vector<fs::path> folders(const DataPlace& place, const std::string& given) {
  if (!given.empty()) {
    return {given, fs::path(given) / place.folder};
  }
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

std::vector<std::uint8_t> read_bytes(const std::string& path) {
  const std::unique_ptr<gzFile_s, Close> file(gzopen(path.c_str(), "rb"));
  if (!file) {
    throw std::runtime_error(path + ": cannot be opened");
  }
  std::vector<std::uint8_t> bytes;
  constexpr unsigned kChunk = 1U << 20;
  constexpr std::size_t kMost = std::size_t{1} << 32;
  for (;;) {
    const auto before = bytes.size();
    bytes.resize(before + kChunk);
    const int got = gzread(file.get(), bytes.data() + before, kChunk);
    if (got < 0 || bytes.size() > kMost) {
      throw std::runtime_error(path + ": is damaged");
    }
    bytes.resize(before + static_cast<std::size_t>(got));
    if (got == 0) {
      return bytes;
    }
  }
}

}  // namespace impact::worker
