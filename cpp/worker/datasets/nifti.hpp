// NIfTI-1 volumes (https://nifti.nimh.nih.gov/nifti-1) of unsigned bytes, gzipped or not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace impact::worker {

struct Volume {
  std::vector<std::int64_t> shape;  // is x, y, z; x runs fastest in `values`
  std::vector<std::uint8_t> values;
};

// Parses the bytes of a .nii file; `name` is for messages. Throws std::runtime_error with what is wrong.
Volume parse_nifti(const std::vector<std::uint8_t>& bytes, const std::string& name);
// Reads and parses; throws std::runtime_error with the path.
Volume read_nifti(const std::string& path);

}  // namespace impact::worker
