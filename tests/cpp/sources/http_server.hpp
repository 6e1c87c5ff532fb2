#pragma once
// A web service on the loopback for one test: each request is answered by a function.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace impact::test {

struct ServerRequest {
  std::string method, target, head, body;  // head: the lines of the header in lower case
};
struct ServerAnswer {
  int status = 200;
  std::string body;
  std::string headers;  // "X-Auth-Token: t\r\n"
};

class HttpServer {
 public:
  explicit HttpServer(std::function<ServerAnswer(const ServerRequest&)> handler) : handler_(std::move(handler)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    const bool up =
        bind(listener_, where, size) == 0 && listen(listener_, 8) == 0 && getsockname(listener_, where, &size) == 0;
    if (!up) throw std::runtime_error("cannot listen on the loopback");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  HttpServer(const HttpServer&) = delete;
  ~HttpServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<ServerRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (;;) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      answer(client);
      close(client);
    }
  }

  void answer(int client) {
    std::string text;
    char buffer[4096];
    std::size_t head_end = std::string::npos, length = 0;
    while (head_end == std::string::npos || text.size() < head_end + 4 + length) {
      const ssize_t n = recv(client, buffer, sizeof buffer, 0);
      if (n <= 0) return;
      text.append(buffer, static_cast<std::size_t>(n));
      head_end = text.find("\r\n\r\n");
      if (head_end == std::string::npos) continue;
      const std::string head = lower(text.substr(0, head_end));
      const std::size_t at = head.find("content-length:");
      length = at == std::string::npos ? 0 : std::stoul(head.substr(at + 15));
    }
    ServerRequest request;
    const std::size_t first = text.find(' '), second = text.find(' ', first + 1);
    request.method = text.substr(0, first);
    request.target = text.substr(first + 1, second - first - 1);
    request.head = lower(text.substr(0, head_end));
    request.body = text.substr(head_end + 4);
    const ServerAnswer reply = handler_(request);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " X\r\n" + reply.headers +
                            "Content-Length: " + std::to_string(reply.body.size()) + "\r\nConnection: close\r\n\r\n" +
                            reply.body;
    for (std::size_t sent = 0; sent < out.size();) {
      const ssize_t n = send(client, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<std::size_t>(n);
    }
  }

  static std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
  }

  std::function<ServerAnswer(const ServerRequest&)> handler_;
  int listener_ = -1;
  unsigned port_ = 0;
  mutable std::mutex mutex_;
  std::vector<ServerRequest> requests_;
  std::thread thread_;
};

}  // namespace impact::test
