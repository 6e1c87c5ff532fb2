#include "worker/datasets/nifti.hpp"

#include <cstring>
#include <stdexcept>

#include "worker/datasets/locate.hpp"

namespace impact::worker {
namespace {

constexpr std::size_t kHeader = 348;
constexpr std::int16_t kUnsignedByte = 2;

template <class T>
T value_at(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

Volume read_nifti(const std::string& path) {
  const auto bytes = read_bytes(path);
  if (bytes.size() < kHeader || value_at<std::int32_t>(bytes, 0) != static_cast<std::int32_t>(kHeader) ||
      std::memcmp(bytes.data() + 344, "n+1", 4) != 0) {
    throw std::runtime_error(path + ": not a NIfTI-1 volume in one little-endian file");
  }
  if (value_at<std::int16_t>(bytes, 40) < 3 || value_at<std::int16_t>(bytes, 70) != kUnsignedByte) {
    throw std::runtime_error(path + ": not a volume of bytes in three dimensions");
  }
  Volume volume;
  std::size_t total = 1;
  for (const std::size_t at : {42, 44, 46}) {
    const auto side = value_at<std::int16_t>(bytes, at);
    volume.shape.push_back(side);
    total *= side > 0 ? static_cast<std::size_t>(side) : 0;
  }
  const auto offset = value_at<float>(bytes, 108);
  if (total == 0 || !(offset >= 348.0F) || !(offset < 1e6F) ||
      static_cast<std::size_t>(offset) + total > bytes.size()) {
    throw std::runtime_error(path + ": ends early or is damaged");
  }
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(offset);
  volume.values.assign(begin, begin + static_cast<std::ptrdiff_t>(total));
  return volume;
}

}  // namespace impact::worker
