// IDX files (as of MNIST and its descendants), gzipped or not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace impact::worker {

struct IdxFile {
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> values;
};

/// Reads a file of unsigned bytes. Throws std::runtime_error with the path and what is wrong.
IdxFile read_idx(const std::string& path);

}  // namespace impact::worker
