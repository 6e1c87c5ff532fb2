#include "impact/host/local_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <thread>

#include "impact/host/clock.hpp"

namespace impact {
namespace {

constexpr auto kPause = std::chrono::milliseconds{5};

// Waits for one of `events`; returns false once the deadline has come.
bool wait_for(int socket, short events, Instant deadline) noexcept {
  for (;;) {
    const Duration left = deadline - system_clock().now();
    if (left <= Duration{0}) return false;
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(std::min<Duration>(left, std::chrono::minutes{1}));
    pollfd watch{socket, events, 0};
    const int ready = ::poll(&watch, 1, static_cast<int>(ms.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Error connect_error(const std::filesystem::path& path, int code) {
  const bool nothing_there = code == ENOENT || code == ENOTDIR;
  const bool closed = code == EACCES || code == EPERM;
  const bool no_socket = code == ENOTSOCK || code == EPROTOTYPE;
  const ErrorKind kind = nothing_there ? ErrorKind::absent
                         : closed      ? ErrorKind::forbidden
                         : no_socket   ? ErrorKind::misconfigured
                                       : ErrorKind::broken;
  return {kind, path.string() + ": " + std::generic_category().message(code), ""};
}

}  // namespace

Result<LocalSocket> LocalSocket::connect(const std::filesystem::path& path, Instant deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  if (name.size() >= sizeof address.sun_path || name.find('\0') != std::string::npos) {
    return Error{ErrorKind::misconfigured,
                 name + ": a socket's path has " + std::to_string(sizeof address.sun_path - 1) + " bytes at most", ""};
  }
  std::memcpy(address.sun_path, name.data(), name.size());
  Descriptor socket = Descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)}.kept();
  if (!socket.valid()) return connect_error(path, errno);
  for (;;) {
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) break;
    const int code = errno;
    // EAGAIN: more wait to be let in than its queue holds. poll() says nothing about that.
    if (code == EINTR) continue;
    if (code != EAGAIN || system_clock().now() + kPause >= deadline) return connect_error(path, code);
    std::this_thread::sleep_for(kPause);
  }
  return LocalSocket{std::move(socket)};
}

std::optional<std::uint32_t> LocalSocket::peer_user() const noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || size != sizeof peer) {
    return std::nullopt;
  }
  return peer.uid;
}

bool LocalSocket::is_idle() const noexcept {
  if (!socket_.is_ours()) return false;
  char byte = 0;
  const ssize_t n = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool LocalSocket::send(std::string_view bytes, Instant deadline) noexcept {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK) || !wait_for(socket_.get(), POLLOUT, deadline)) {
      return false;
    }
  }
  return true;
}

LocalSocket::Taken LocalSocket::receive(std::span<char> buffer, Instant deadline) noexcept {
  while (!buffer.empty()) {
    const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0) {
      buffer = buffer.subspan(static_cast<std::size_t>(n));
      // A byte now and then keeps nobody here.
      if (!buffer.empty() && system_clock().now() >= deadline) return Taken::late;
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
      return Taken::ended;
    } else if (!wait_for(socket_.get(), POLLIN, deadline)) {
      return Taken::late;
    }
  }
  return Taken::whole;
}

std::uint32_t own_user() noexcept { return ::geteuid(); }

}  // namespace impact
