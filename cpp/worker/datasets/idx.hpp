// Reads IDX files (as of MNIST and its descendants), gzipped or not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace impact::worker {

struct IdxFile {
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> values;
};

// Parses a file of unsigned bytes; `name` is for messages. Throws std::runtime_error with what is wrong.
IdxFile parse_idx(const std::vector<std::uint8_t>& bytes, const std::string& name);
// Reads and parses; throws std::runtime_error with the path.
IdxFile read_idx(const std::string& path);

}  // namespace impact::worker
