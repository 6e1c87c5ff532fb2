#pragma once
// Declares what files ask of the operating system beyond the names that file.hpp has for everybody.

#include <filesystem>

namespace impact {

// Makes a new file for appending, which must not exist yet; returns its descriptor, or -1 and sets errno.
int open_new(const std::filesystem::path& path) noexcept;

}  // namespace impact
