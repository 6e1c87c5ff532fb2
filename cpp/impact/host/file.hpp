#pragma once
// Files as the readers need them: a descriptor kept open and read again at offset 0; small texts; numbers from text
// without a locale. All reads loop on EINTR; descriptors are close-on-exec.

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "impact/core/error.hpp"

namespace impact {

class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : file_(other.file_), fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  int get() const noexcept { return fd_; }
  bool valid() const noexcept { return fd_ >= 0; }

  // For a descriptor that is kept: moved to a high number, where a daemon that closes what it inherited, and the
  // program's next files, seldom come; and its file is remembered, so that close() closes no other.
  Descriptor kept() && noexcept;

  // Whether its number still stands for the file that it was kept for. A program may have closed it and opened its own.
  bool is_ours() const noexcept;

  // Of a kept descriptor whose number was lost: the same file anew by its path. False where another stands there.
  bool reopen_for_appending(const std::filesystem::path& path) noexcept;

  int release() noexcept;
  void close() noexcept;

 private:
  struct File {
    std::uint64_t device = 0;
    std::uint64_t number = 0;  // 0: not remembered
    friend bool operator==(const File&, const File&) = default;
  };
  static File file_of(int fd) noexcept;

  File file_;
  int fd_ = -1;
};

// Opens for reading, to be kept. Error: absent (ENOENT), forbidden (EACCES, EPERM), broken (else), with path and reason.
Result<Descriptor> open_for_reading(const std::filesystem::path& path);

// The same for what is closed again at once: not valid, and errno set, on failure.
Descriptor open_briefly(const std::filesystem::path& path) noexcept;

// Bytes at `offset` into `buffer`; -1 and errno set on failure. Any thread, also two at once.
std::ptrdiff_t read_at(const Descriptor& file, std::span<char> buffer, std::int64_t offset = 0) noexcept;

// A non-negative decimal number that is the whole file (sysfs counters); nullopt where the read or the text fails.
// Costs one pread.
std::optional<std::uint64_t> read_count(const Descriptor& file) noexcept;

// The whole text of a small file, at most `limit` bytes, trailing white space removed.
Result<std::string> read_text(const std::filesystem::path& path, std::size_t limit = 1U << 20U);

// All of `data`, looping on partial writes; 0 or the errno of the failure.
int write_all(const Descriptor& file, std::string_view data) noexcept;

// Writes what one call takes of `data`: its size, or -1 and errno set. A file-size limit is EFBIG and a closed pipe
// EPIPE, never a signal: it may be called on a thread of the user's.
std::ptrdiff_t write_some(const Descriptor& file, std::string_view data) noexcept;

// Bytes in the file now; nullopt where the system does not say.
std::optional<std::uint64_t> file_size(const Descriptor& file) noexcept;

// A new file for appending (it must not exist yet); its parent directories are made. The error carries the path.
Result<Descriptor> create_file(const std::filesystem::path& path);

// Names in a directory, sorted; empty where it cannot be listed.
std::vector<std::string> list_directory(const std::filesystem::path& path);

// "0-3,8,10-11" -> {0,1,2,3,8,10,11}; nullopt for malformed text or more than 65,536 CPUs.
std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text);

// The number that all of `text` is (trailing newline and blanks apart); nullopt otherwise. No locale.
template <class Number>
std::optional<Number> parse_number(std::string_view text) noexcept {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace impact
