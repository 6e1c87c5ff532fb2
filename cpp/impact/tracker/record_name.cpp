#include "impact/tracker/record_name.hpp"

#include <algorithm>
#include <random>

#include "impact/host/clock.hpp"
#include "impact/tracker/tracker.hpp"

namespace impact {
namespace {

// The id has 64 random bits, because a thousand ranks may begin within one second, in containers that all number their
// process 1, on a shared file system on which two of them could create the same file.
std::string random_id() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::random_device random;
  std::string id;
  while (id.size() < 16) {
    for (std::uint32_t bits = random(), i = 0; i < 8; ++i, bits >>= 4U) id += kDigits[bits & 15U];
  }
  return id;
}

// Makes "20261121T150801Z" of "2026-11-21T15:08:01Z", because some file systems allow no colons.
std::string compact_utc(std::int64_t utc_ns) {
  std::string text = iso_utc(utc_ns);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

}  // namespace

std::string new_run_id(std::int64_t utc_ns, std::int64_t pid) {
  return compact_utc(utc_ns) + "-" + std::to_string(pid) + "-" + random_id();
}

std::filesystem::path record_path(const std::string& logdir, const std::string& run_id) {
  std::error_code gone;
  const std::filesystem::path place = std::filesystem::absolute(logdir, gone);
  if (!gone) return place / "impacttracker" / (run_id + ".jsonl");
  throw IoError(
      "the working directory has been deleted, and the logdir \"" + logdir + "\" lies in it: name it by its whole path",
      ErrorKind::absent, logdir);
}

}  // namespace impact
