// Reads files of data sets whole, gzipped or not.
#include <zlib.h>

#include <memory>
#include <stdexcept>

#include "worker/datasets/idx.hpp"
#include "worker/datasets/locate.hpp"
#include "worker/datasets/nifti.hpp"

namespace impact::worker {
namespace {

struct Close {
  void operator()(gzFile_s* file) const { gzclose(file); }
};

}  // namespace

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
    const int byte_count = gzread(file.get(), bytes.data() + before, kChunk);
    if (byte_count < 0 || bytes.size() > kMost) {
      throw std::runtime_error(path + ": is damaged");
    }
    bytes.resize(before + static_cast<std::size_t>(byte_count));
    if (byte_count == 0) {
      return bytes;
    }
  }
}

IdxFile read_idx(const std::string& path) { return parse_idx(read_bytes(path), path); }

Volume read_nifti(const std::string& path) { return parse_nifti(read_bytes(path), path); }

}  // namespace impact::worker
