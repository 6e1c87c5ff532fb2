#pragma once
// Says what a new record is called, and where it lies.

#include <cstdint>
#include <filesystem>
#include <string>

namespace impact {

// Returns "20261121T150801Z-4711-0123456789abcdef": the begin, the process, and what no other run has.
std::string new_run_id(std::int64_t utc_ns, std::int64_t pid);

// Throws IoError where the logdir is relative to a working directory that has been deleted.
std::filesystem::path record_path(const std::string& logdir, const std::string& run_id);

}  // namespace impact
