#include "worker/datasets/idx.hpp"

#include <stdexcept>

namespace impact::worker {

IdxFile parse_idx(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  constexpr std::uint8_t kUnsignedByte = 8;
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0 || bytes[2] != kUnsignedByte || bytes[3] == 0 ||
      bytes[3] > 4) {
    throw std::runtime_error(name + ": not an IDX file of bytes");
  }
  const std::size_t header = 4 + 4 * std::size_t{bytes[3]};
  IdxFile idx;
  std::size_t total = 1;
  for (std::size_t at = 4; at < header; at += 4) {
    if (at + 4 > bytes.size()) {
      throw std::runtime_error(name + ": ends early or is damaged");
    }
    const auto side = (std::size_t{bytes[at]} << 24) | (std::size_t{bytes[at + 1]} << 16) |
                      (std::size_t{bytes[at + 2]} << 8) | bytes[at + 3];
    total = side == 0 || total > bytes.size() ? bytes.size() + 1 : total * side;
    idx.shape.push_back(static_cast<std::int64_t>(side));
  }
  if (total > bytes.size() - header) {
    throw std::runtime_error(name + ": ends early or is damaged");
  }
  idx.values.assign(bytes.begin() + static_cast<std::ptrdiff_t>(header),
                    bytes.begin() + static_cast<std::ptrdiff_t>(header + total));
  return idx;
}

}  // namespace impact::worker
