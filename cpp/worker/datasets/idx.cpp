#include "worker/datasets/idx.hpp"

#include <zlib.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace impact::worker {
namespace {

struct Close {
  void operator()(gzFile_s* file) const { gzclose(file); }
};

void read_exactly(gzFile file, void* to, std::size_t bytes, const std::string& path) {
  auto* out = static_cast<unsigned char*>(to);
  while (bytes > 0) {
    const auto part = static_cast<unsigned>(std::min<std::size_t>(bytes, 1U << 20));
    const int got = gzread(file, out, part);
    if (got <= 0) {
      throw std::runtime_error(path + ": ends early or is damaged");
    }
    out += got;
    bytes -= static_cast<std::size_t>(got);
  }
}

}  // namespace

IdxFile read_idx(const std::string& path) {
  const std::unique_ptr<gzFile_s, Close> file(gzopen(path.c_str(), "rb"));
  if (!file) {
    throw std::runtime_error(path + ": cannot be opened");
  }
  std::array<std::uint8_t, 4> magic{};
  read_exactly(file.get(), magic.data(), magic.size(), path);
  constexpr std::uint8_t kUnsignedByte = 8;
  if (magic[0] != 0 || magic[1] != 0 || magic[2] != kUnsignedByte || magic[3] == 0 || magic[3] > 4) {
    throw std::runtime_error(path + ": not an IDX file of bytes");
  }
  IdxFile idx;
  std::size_t total = 1;
  constexpr std::size_t kMost = std::size_t{1} << 32;
  for (int d = 0; d < magic[3]; ++d) {
    std::array<std::uint8_t, 4> b{};
    read_exactly(file.get(), b.data(), b.size(), path);
    const auto side = (std::size_t{b[0]} << 24) | (std::size_t{b[1]} << 16) | (std::size_t{b[2]} << 8) | b[3];
    total *= side;
    if (side == 0 || total > kMost) {
      throw std::runtime_error(path + ": claims an impossible size");
    }
    idx.shape.push_back(static_cast<std::int64_t>(side));
  }
  idx.values.resize(total);
  read_exactly(file.get(), idx.values.data(), total, path);
  return idx;
}

}  // namespace impact::worker
