#include "worker/datasets/nifti.hpp"

#include <cstring>
#include <stdexcept>

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

Volume parse_nifti(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  if (bytes.size() < kHeader || value_at<std::int32_t>(bytes, 0) != static_cast<std::int32_t>(kHeader) ||
      std::memcmp(bytes.data() + 344, "n+1", 4) != 0) {
    throw std::runtime_error(name + ": not a NIfTI-1 volume in one little-endian file");
  }
  const auto dimensions = value_at<std::int16_t>(bytes, 40);
  bool one_volume = dimensions >= 3 && dimensions <= 7;
  for (std::size_t d = 4; one_volume && d <= static_cast<std::size_t>(dimensions); ++d) {
    one_volume = value_at<std::int16_t>(bytes, 40 + 2 * d) == 1;
  }
  if (!one_volume || value_at<std::int16_t>(bytes, 70) != kUnsignedByte) {
    throw std::runtime_error(name + ": not one volume of bytes in three dimensions");
  }
  Volume volume;
  std::size_t total = 1;
  for (const std::size_t at : {42, 44, 46}) {
    const auto side = value_at<std::int16_t>(bytes, at);
    volume.shape.push_back(side);
    total *= side > 0 ? static_cast<std::size_t>(side) : 0;
  }
  const auto offset = value_at<float>(bytes, 108);
  if (total == 0 || !(offset >= 348.0F) || !(offset < 1e6F) || total > bytes.size() ||
      static_cast<std::size_t>(offset) > bytes.size() - total) {
    throw std::runtime_error(name + ": ends early or is damaged");
  }
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(offset);
  volume.values.assign(begin, begin + static_cast<std::ptrdiff_t>(total));
  return volume;
}

}  // namespace impact::worker
