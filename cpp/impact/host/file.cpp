#include "impact/host/file.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

#include "impact/host/thread.hpp"

namespace impact {
namespace {

Error open_error(const std::filesystem::path& path, int code) {
  const bool nothing_there = code == ENOENT || code == ENOTDIR || code == ENODEV || code == ENXIO;
  const ErrorKind kind = nothing_there                     ? ErrorKind::absent
                         : code == EACCES || code == EPERM ? ErrorKind::forbidden
                                                           : ErrorKind::broken;
  return {kind, path.string() + ": " + std::generic_category().message(code), ""};
}

constexpr int kFirstOwnNumber = 3;  // lies behind the standard ones, which a program may have closed
constexpr int kHighNumber = 512;    // is half of what a process may have as a rule

// Holds back, in this thread, the signals that a failing write sends, and takes away one that it caused.
class NoWriteSignals {
 public:
  NoWriteSignals() noexcept {
    sigemptyset(&own_);
    sigaddset(&own_, SIGXFSZ);
    sigaddset(&own_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    if (sigismember(&pending, SIGXFSZ) == 1) sigdelset(&own_, SIGXFSZ);  // the program's own waits already
    if (sigismember(&pending, SIGPIPE) == 1) sigdelset(&own_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &own_, &before_);
  }
  ~NoWriteSignals() {
    const int code = errno;
    constexpr timespec kNow{0, 0};
    while (sigtimedwait(&own_, nullptr, &kNow) < 0 && errno == EINTR) {}
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = code;
  }
  NoWriteSignals(const NoWriteSignals&) = delete;
  NoWriteSignals& operator=(const NoWriteSignals&) = delete;

 private:
  sigset_t own_;
  sigset_t before_;
};

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    file_ = other.file_;
    fd_ = other.release();
  }
  return *this;
}

int Descriptor::release() noexcept {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

void Descriptor::close() noexcept {
  if (fd_ >= 0 && is_ours()) ::close(fd_);
  fd_ = -1;
}

Descriptor::File Descriptor::file_of(int fd) noexcept {
  struct stat state{};
  if (::fstat(fd, &state) != 0) return {};
  return {static_cast<std::uint64_t>(state.st_dev), static_cast<std::uint64_t>(state.st_ino)};
}

bool Descriptor::is_ours() const noexcept { return fd_ >= 0 && (file_.number == 0 || file_of(fd_) == file_); }

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

Result<Descriptor> open_for_reading(const std::filesystem::path& path) {
  Descriptor file = open_briefly(path);
  if (!file.valid()) return open_error(path, errno);
  return std::move(file).kept();
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

std::optional<std::uint64_t> read_count(const Descriptor& file) noexcept {
  std::array<char, 32> text;
  const std::ptrdiff_t n = read_at(file, text);
  if (n <= 0 || n == static_cast<std::ptrdiff_t>(text.size())) return std::nullopt;
  // Counters are read thousands of times a second: up to 19 digits cannot overflow, so that none is tested for it.
  constexpr std::ptrdiff_t kSafeDigits = 19;
  const std::ptrdiff_t digits = text[static_cast<std::size_t>(n - 1)] == '\n' ? n - 1 : n;
  std::uint64_t value = 0;
  std::ptrdiff_t i = 0;
  for (; i < std::min(digits, kSafeDigits); ++i) {
    const auto digit = static_cast<unsigned char>(text[static_cast<std::size_t>(i)] - '0');
    if (digit > 9) break;
    value = value * 10 + digit;
  }
  if (i == digits && i > 0) return value;
  return parse_number<std::uint64_t>({text.data(), static_cast<std::size_t>(n)});
}

Result<std::string> read_text(const std::filesystem::path& path, std::size_t limit) {
  const Descriptor file = open_briefly(path);
  if (!file.valid()) return open_error(path, errno);
  std::string text;
  std::array<char, 4096> chunk;
  while (text.size() < limit) {
    const std::size_t want = std::min(chunk.size(), limit - text.size());
    const std::ptrdiff_t n = read_at(file, {chunk.data(), want}, static_cast<std::int64_t>(text.size()));
    if (n < 0) return open_error(path, errno);
    if (n == 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(n));
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '\0')) text.pop_back();
  return text;
}

int write_all(const Descriptor& file, std::string_view data) noexcept {
  while (!data.empty()) {
    const ssize_t n = ::write(file.get(), data.data(), data.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
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

Result<Descriptor> create_file(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::create_directories(path.parent_path(), failed);
  if (failed) return open_error(path.parent_path(), failed.value());
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return open_error(path, errno);
  return Descriptor{fd}.kept();
}

std::vector<std::string> list_directory(const std::filesystem::path& path) {
  std::vector<std::string> names;
  std::error_code failed;
  for (std::filesystem::directory_iterator it(path, failed), end; !failed && it != end; it.increment(failed)) {
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text) {
  constexpr unsigned kMost = 65'536;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::vector<unsigned> cpus;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const std::size_t dash = part.find('-');
    const auto first = parse_number<unsigned>(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_number<unsigned>(part.substr(dash + 1));
    if (!first || !last || *last < *first || *last >= kMost) return std::nullopt;
    for (unsigned cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
    if (cpus.size() > kMost) return std::nullopt;
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return std::nullopt;
  }
  return cpus;
}

}  // namespace impact
