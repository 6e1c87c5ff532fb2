#pragma once
// Gives files as the readers need them: a descriptor that is kept open and read again at offset 0, small texts, numbers
// from text without a locale. All reads loop on EINTR, and descriptors are closed on exec.

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

  // Prepares a descriptor that is kept. It is moved to a high number, where a daemon that closes what it inherited, and
  // the program's next files, seldom come; and its file is remembered, so that close() closes no other.
  Descriptor kept() && noexcept;

  // Tells whether its number still stands for its file: a program may have closed it and opened one of its own.
  bool is_ours() const noexcept;

  // Opens the file of a kept descriptor anew by its path. Returns false where another file stands there.
  bool reopen_for_appending(const std::filesystem::path& path) noexcept;

  int release() noexcept;
  void close() noexcept;

 private:
  struct File {
    std::uint64_t device = 0;
    std::uint64_t number = 0;  // is 0 where it is not remembered
    friend bool operator==(const File&, const File&) = default;
  };
  static File file_of(int fd) noexcept;

  File file_;
  int fd_ = -1;
};

// Opens a file to keep. The error tells path and reason: absent (ENOENT), forbidden (EACCES, EPERM) or broken (else).
Result<Descriptor> open_for_reading(const std::filesystem::path& path);

// Does the same for a file that is closed again at once. On failure it is not valid, and errno is set.
Descriptor open_briefly(const std::filesystem::path& path) noexcept;

// Reads the bytes at `offset` into `buffer`; returns -1 and sets errno on failure. Several threads may read at once.
std::ptrdiff_t read_at(const Descriptor& file, std::span<char> buffer, std::int64_t offset = 0) noexcept;

// Reads a non-negative decimal number that is the whole file (sysfs counters), by one pread. It returns nullopt where
// the read fails or the text is no such number.
std::optional<std::uint64_t> read_count(const Descriptor& file) noexcept;

// Reads the whole text of a small file, at most `limit` bytes, and removes white space at its end.
Result<std::string> read_text(const std::filesystem::path& path, std::size_t limit = 1U << 20U);

// Writes what one call takes of `data`; returns its size, or -1 and sets errno. A file-size limit is EFBIG and a closed
// pipe EPIPE, and never a signal: it may be called on a thread of the user's.
std::ptrdiff_t write_some(const Descriptor& file, std::string_view data) noexcept;

// Returns the bytes that are in the file now, and nullopt where the system does not say.
std::optional<std::uint64_t> file_size(const Descriptor& file) noexcept;

// Sets room for `bytes` behind `end` aside, where the file ends, and leaves its size as it is. Returns 0 or the errno:
// ENOSPC and EDQUOT say that there is no such room, every other that this file system sets nothing aside.
int set_room_aside(const Descriptor& file, std::uint64_t end, std::uint64_t bytes) noexcept;

// Gives back what was set aside behind the file's end. A file that is no more the descriptor's own stays as it is.
void give_room_back(const Descriptor& file) noexcept;

// Makes a new file for appending, which must not exist yet, and its parent directories. The error carries the path.
Result<Descriptor> create_file(const std::filesystem::path& path);

// Lists the names in a directory, sorted; the list is empty where the directory cannot be read.
std::vector<std::string> list_directory(const std::filesystem::path& path);

// Turns "0-3,8,10-11" into {0,1,2,3,8,10,11}; returns nullopt for malformed text or more than 65,536 CPUs.
std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text);

// Returns the number that all of `text` is (newlines and blanks at its end apart), else nullopt. It knows no locale.
template <class Number>
std::optional<Number> parse_number(std::string_view text) noexcept {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace impact
