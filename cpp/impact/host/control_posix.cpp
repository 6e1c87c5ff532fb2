#include "impact/host/control.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <cerrno>

namespace impact {

int device_control(const Descriptor& file, unsigned long request, void* argument) noexcept {
  int result = -1;
  do {
    result = ::ioctl(file.get(), request, argument);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? errno : 0;
}

bool wait_readable(const Descriptor& file, Duration at_most) noexcept {
  pollfd wanted{file.get(), POLLIN, 0};
  const auto ms = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(at_most).count());
  int result = -1;
  do {
    result = ::poll(&wanted, 1, ms);
  } while (result < 0 && errno == EINTR);
  return result == 1 && (wanted.revents & POLLIN) != 0;
}

Result<Descriptor> open_device(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0) return Descriptor{fd}.kept();
  return open_for_reading(path);
}

}  // namespace impact
