#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <fcntl.h>
#include <io.h>
#include <share.h>
#include <sys/stat.h>
#include <windows.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "impact/host/file.hpp"
#include "impact/host/file_system.hpp"

namespace impact {
namespace {

unsigned most_of(std::size_t size) noexcept {
  return static_cast<unsigned>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

}  // namespace

void Descriptor::close() noexcept {
  if (fd_ >= 0) ::_close(fd_);
  fd_ = -1;
}

Descriptor::File Descriptor::file_of(int) noexcept { return {}; }  // the C library has no numbers of files here

Descriptor Descriptor::kept() && noexcept { return std::move(*this); }

bool Descriptor::reopen_for_appending(const std::filesystem::path&) noexcept { return false; }

Descriptor open_briefly(const std::filesystem::path& path) noexcept {
  return Descriptor{::_wopen(path.c_str(), _O_RDONLY | _O_BINARY | _O_NOINHERIT)};
}

std::ptrdiff_t read_at(const Descriptor& file, std::span<char> buffer, std::int64_t offset) noexcept {
  OVERLAPPED place{};
  place.Offset = static_cast<DWORD>(static_cast<std::uint64_t>(offset));
  place.OffsetHigh = static_cast<DWORD>(static_cast<std::uint64_t>(offset) >> 32U);
  DWORD n = 0;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the C library gives the handle as a number
  const auto handle = reinterpret_cast<HANDLE>(::_get_osfhandle(file.get()));
  if (ReadFile(handle, buffer.data(), most_of(buffer.size()), &n, &place) != 0) return static_cast<std::ptrdiff_t>(n);
  if (GetLastError() == ERROR_HANDLE_EOF) return 0;
  errno = EIO;
  return -1;
}

std::ptrdiff_t write_some(const Descriptor& file, std::string_view data) noexcept {
  return ::_write(file.get(), data.data(), most_of(data.size()));
}

std::optional<std::uint64_t> file_size(const Descriptor& file) noexcept {
  const std::int64_t size = ::_filelengthi64(file.get());
  if (size < 0) return std::nullopt;
  return static_cast<std::uint64_t>(size);
}

int set_room_aside(const Descriptor&, std::uint64_t, std::uint64_t) noexcept { return ENOTSUP; }

void give_room_back(const Descriptor&) noexcept {}

int open_new(const std::filesystem::path& path) noexcept {
  constexpr int kHow = _O_WRONLY | _O_CREAT | _O_EXCL | _O_APPEND | _O_BINARY | _O_NOINHERIT;
  return ::_wopen(path.c_str(), kHow, _S_IREAD | _S_IWRITE);
}

}  // namespace impact
