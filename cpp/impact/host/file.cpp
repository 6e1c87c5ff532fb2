#include "impact/host/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

#include "impact/host/file_system.hpp"

namespace impact {
namespace {

Error open_error(const std::filesystem::path& path, int code) {
  const bool nothing_there = code == ENOENT || code == ENOTDIR || code == ENODEV || code == ENXIO;
  const ErrorKind kind = nothing_there                     ? ErrorKind::absent
                         : code == EACCES || code == EPERM ? ErrorKind::forbidden
                                                           : ErrorKind::broken;
  return {kind, path.string() + ": " + std::generic_category().message(code), "", code};
}

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

bool Descriptor::is_ours() const noexcept { return fd_ >= 0 && (file_.number == 0 || file_of(fd_) == file_); }

Result<Descriptor> open_for_reading(const std::filesystem::path& path) {
  Descriptor file = open_briefly(path);
  if (!file.valid()) return open_error(path, errno);
  return std::move(file).kept();
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

Result<Descriptor> create_file(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::create_directories(path.parent_path(), failed);
  if (failed) return open_error(path.parent_path(), failed.value());
  const int fd = open_new(path);
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
