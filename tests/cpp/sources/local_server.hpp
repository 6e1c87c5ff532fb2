#pragma once
// A service on a Unix socket for one test: what it does with each connection is a function of the test's.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "fakes/scratch.hpp"

namespace impact::test {

class LocalServer {
 public:
  // `serve(connection, ended)` runs for one connection after the other and may hold it until `ended`.
  using Serve = std::function<void(int connection, const std::atomic<bool>& ended)>;

  explicit LocalServer(Serve serve, int queue = 8) : serve_(std::move(serve)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto* where = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, where, sizeof address) != 0 || listen(listener_, queue) != 0)
      throw std::runtime_error("cannot listen at " + path());
    if (serve_) thread_ = std::thread([this] { run(); });
  }
  LocalServer(const LocalServer&) = delete;
  ~LocalServer() {
    ended_ = true;
    shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    close(listener_);
  }

  std::string path() const { return folder_ / "s"; }
  int connections() const { return connections_; }

  // Answers each request of eight bytes by what `answer` gives.
  static Serve answering(std::function<std::string()> answer) {
    return [answer = std::move(answer)](int connection, const std::atomic<bool>& ended) {
      char request[8];
      while (!ended) {
        const ssize_t n = recv(connection, request, sizeof request, MSG_WAITALL);
        if (n == 0 || (n < 0 && errno != EAGAIN)) return;
        if (n != sizeof request) continue;
        const std::string text = answer();
        (void)!::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
      }
    };
  }

 private:
  void run() {
    for (;;) {
      const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      ++connections_;
      const timeval often{0, 20'000};  // so that the end of the test is seen
      setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &often, sizeof often);
      serve_(connection, ended_);
      close(connection);
    }
  }

  fakes::Scratch folder_;
  Serve serve_;
  int listener_ = -1;
  std::atomic<bool> ended_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

// A frame behind its length.
inline std::string with_length(std::string_view frame) {
  std::string text(4, '\0');
  for (int i = 0; i < 4; ++i) text[i] = static_cast<char>((frame.size() >> (8 * (3 - i))) & 0xFF);
  return text + std::string(frame);
}

}  // namespace impact::test
