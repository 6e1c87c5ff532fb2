// The worker's readers of data sets: IDX (Fashion-MNIST) and NIfTI-1 (the brain).
#include <stdexcept>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "worker/datasets/idx.hpp"
#include "worker/datasets/nifti.hpp"

namespace {

template <class File>
void check(const File& file, std::size_t bytes) {
  std::size_t total = 1;
  for (const auto side : file.shape) {
    fuzz::require(side > 0, "no side is empty");
    total *= static_cast<std::size_t>(side);
  }
  fuzz::require(file.values.size() == total, "as many values as the sides say");
  fuzz::require(total <= bytes, "no values that are not in the file");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> bytes(data, data + size);
  try {
    check(impact::worker::parse_idx(bytes, "fuzz"), size);
  } catch (const std::runtime_error&) {}
  try {
    const auto volume = impact::worker::parse_nifti(bytes, "fuzz");
    check(volume, size);
    fuzz::require(volume.shape.size() == 3, "a volume has three dimensions");
  } catch (const std::runtime_error&) {}
  return 0;
}
