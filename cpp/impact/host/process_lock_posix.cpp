#include "impact/host/process_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace impact {
namespace {

std::string reason(int code) { return std::generic_category().message(code); }

// Makes a directory below `base` that this user alone may write: what others could put there is not to be trusted.
Result<Descriptor> own_directory(const std::filesystem::path& base) {
  const std::filesystem::path path = base / ("impact-tracker-" + std::to_string(::geteuid()));
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error{ErrorKind::forbidden, path.string() + ": " + reason(errno), ""};
  }
  Descriptor directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  struct stat state{};
  if (!directory.valid() || ::fstat(directory.get(), &state) != 0) {
    return Error{ErrorKind::forbidden, path.string() + ": " + reason(errno), ""};
  }
  if (state.st_uid != ::geteuid() || (state.st_mode & 022U) != 0) {
    return Error{ErrorKind::forbidden, path.string() + ": others may write there", ""};
  }
  return directory;
}

struct flock lock_of(short type, std::int64_t place) noexcept {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = place;
  lock.l_len = 1;
  return lock;
}

}  // namespace

Result<ProcessLock> ProcessLock::open(const Host& host, const std::string& name, std::uint64_t place) {
  constexpr std::uint64_t kPlaces = (std::uint64_t{1} << 63U) - 2;  // a place and the one after it are file offsets
  std::string why;
  for (const char* base : {"/run/lock", "/tmp"}) {
    const Result<Descriptor> directory = own_directory(host.path(base));
    if (!directory) {
      why += (why.empty() ? "" : "; ") + directory.error().what;
      continue;
    }
    Descriptor file =
        Descriptor{::openat(directory.value().get(), name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)}
            .kept();
    if (file.valid()) return ProcessLock(std::move(file), static_cast<std::int64_t>(place % kPlaces));
    why += (why.empty() ? "" : "; ") + (host.path(base) / name).string() + ": " + reason(errno);
  }
  return Error{ErrorKind::forbidden, why, ""};
}

ProcessLock::State ProcessLock::take() noexcept {
  struct flock lock = lock_of(F_WRLCK, place_);
  if (::fcntl(file_.get(), F_SETLK, &lock) == 0) return State::mine;
  if (errno != EACCES && errno != EAGAIN) return State::unusable;
  lock = lock_of(F_WRLCK, place_);
  const bool told = ::fcntl(file_.get(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0;
  holder_ = told ? lock.l_pid : 0;
  return State::others;
}

void ProcessLock::release() noexcept {
  struct flock lock = lock_of(F_UNLCK, place_);
  ::fcntl(file_.get(), F_SETLK, &lock);
}

}  // namespace impact
