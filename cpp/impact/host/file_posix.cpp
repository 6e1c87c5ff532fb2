#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "impact/host/file.hpp"
#include "impact/host/file_system.hpp"
#include "impact/host/thread.hpp"
#include "impact/host/write_signals.hpp"

namespace impact {
namespace {

constexpr int kFirstOwnNumber = 3;  // lies behind the standard ones, which a program may have closed
constexpr int kHighNumber = 512;    // is half of what a process may have as a rule

}  // namespace

void Descriptor::close() noexcept {
  if (fd_ >= 0 && is_ours()) ::close(fd_);
  fd_ = -1;
}

Descriptor::File Descriptor::file_of(int fd) noexcept {
  struct stat state{};
  if (::fstat(fd, &state) != 0) return {};
  return {static_cast<std::uint64_t>(state.st_dev), static_cast<std::uint64_t>(state.st_ino)};
}

Descriptor Descriptor::kept() && noexcept {
  const int code = errno;
  for (const int least : {kHighNumber, kFirstOwnNumber}) {
    if (fd_ < 0 || fd_ >= least) break;
    const int moved = ::fcntl(fd_, F_DUPFD_CLOEXEC, least);
    if (moved < 0) continue;  // it lies above the limit
    ::close(fd_);
    fd_ = moved;
    break;
  }
  if (fd_ >= 0) file_ = file_of(fd_);
  errno = code;
  return std::move(*this);
}

bool Descriptor::reopen_for_appending(const std::filesystem::path& path) noexcept {
  Descriptor anew = Descriptor{::open(path.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)}.kept();
  if (!anew.valid() || file_.number == 0 || anew.file_ != file_) return false;
  static_cast<void>(release());
  *this = std::move(anew);
  return true;
}

Descriptor open_briefly(const std::filesystem::path& path) noexcept {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (fd < 0 && errno == EINTR);
  return Descriptor{fd};
}

std::ptrdiff_t read_at(const Descriptor& file, std::span<char> buffer, std::int64_t offset) noexcept {
  ssize_t n = -1;
  do {
    n = ::pread(file.get(), buffer.data(), buffer.size(), offset);
  } while (n < 0 && errno == EINTR);
  return n;
}

std::ptrdiff_t write_some(const Descriptor& file, std::string_view data) noexcept {
  // A thread of ours takes no signal: what a failing write sends there waits until the thread ends, and the four system
  // calls of holding it back are saved each second.
  std::optional<NoWriteSignals> quiet;
  if (!is_without_signals()) quiet.emplace();
  ssize_t n = -1;
  do {
    n = ::write(file.get(), data.data(), data.size());
  } while (n < 0 && errno == EINTR);
  return n;
}

std::optional<std::uint64_t> file_size(const Descriptor& file) noexcept {
  struct stat state{};
  if (::fstat(file.get(), &state) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(state.st_size);
}

int set_room_aside(const Descriptor& file, std::uint64_t end, std::uint64_t bytes) noexcept {
#ifdef FALLOC_FL_KEEP_SIZE
  std::optional<NoWriteSignals> quiet;  // some file systems hold this against the file-size limit, with its signal
  if (!is_without_signals()) quiet.emplace();
  int code = 0;
  do {
    code = ::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(end), static_cast<off_t>(bytes)) == 0
               ? 0
               : errno;
  } while (code == EINTR);
  return code;
#else
  static_cast<void>(file);
  static_cast<void>(end);
  static_cast<void>(bytes);
  return ENOTSUP;
#endif
}

void give_room_back(const Descriptor& file) noexcept {
  const auto size = file.is_ours() ? file_size(file) : std::nullopt;
  if (size) static_cast<void>(::ftruncate(file.get(), static_cast<off_t>(*size)) == 0);
}

int open_new(const std::filesystem::path& path) noexcept {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
}

}  // namespace impact
