// Finds where data sets lie, and reads them whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace impact::worker {

// Says of a data set where Debian puts it, how its folder in $IMPACT_TRACKER_DATA is called, and what installs it.
struct DataPlace {
  std::string title;
  std::string folder;
  std::string system;
  std::string advice;
};

// Finds `name` (or name.gz) in `given` if that is not empty, else under $IMPACT_TRACKER_DATA if that is set, else
// in the system's place. Throws ProtocolError("no-data") that tells where it looked and what to install.
std::string locate(const DataPlace& place, const std::string& given, const std::string& name);

// Reads all bytes of a file, unpacked if it is gzipped. Throws std::runtime_error with the path.
std::vector<std::uint8_t> read_bytes(const std::string& path);

}  // namespace impact::worker
