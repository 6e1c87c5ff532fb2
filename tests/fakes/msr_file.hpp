// Model-specific registers as a regular sparse file, read with an 8-byte pread at the register's number. Neighbouring
// registers overlap in a file; see msr.py for what that means for AMD's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace impact::fakes {

/// Writes the registers into <root>/dev/cpu/<cpu>/msr in rising order; others keep what they held.
inline std::filesystem::path write_registers(const std::filesystem::path& root, int cpu,
                                             const std::map<std::uint64_t, std::uint64_t>& values) {
  const std::filesystem::path path = root / "dev/cpu" / std::to_string(cpu) / "msr";
  std::filesystem::create_directories(path.parent_path());
  if (!std::filesystem::exists(path)) std::ofstream(path).flush();
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  for (const auto& [number, value] : values) {
    char bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i) & 0xFF);
    file.seekp(static_cast<std::streamoff>(number));
    file.write(bytes, sizeof bytes);
  }
  return path;
}

}  // namespace impact::fakes
