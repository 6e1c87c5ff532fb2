#pragma once
// Asks the machine's service for its newest frame, over a connection that is kept.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "impact/host/fork.hpp"
#include "impact/host/local_socket.hpp"
#include "impact/sources/service_frame.hpp"

namespace impact {

inline constexpr const char* kRestartService = "sudo systemctl restart impact-tracker-reader (docs/service.md)";

// Holds a connection to the service, which is made anew where it was cut off. Only one thread may use it at a time.
class ServiceClient {
 public:
  // `trusted` lists the users that may serve; numbers of others are not believed.
  ServiceClient(std::filesystem::path path, std::vector<std::uint32_t> trusted)
      : path_(std::move(path)), trusted_(std::move(trusted)) {}

  const std::filesystem::path& path() const noexcept { return path_; }

  // Puts one question; the error says what to do. It takes `patience` at most.
  Result<ServiceFrame> ask(Duration patience);

  void let_go() noexcept { socket_.reset(); }

 private:
  Error error(ErrorKind kind, std::string_view what, std::string_view advice) const;
  std::optional<Error> connect(Instant deadline);
  Result<ServiceFrame> ask_once(bool held, Instant deadline);
  Error broken_off(LocalSocket::Taken taken, bool held);

  std::filesystem::path path_;
  std::vector<std::uint32_t> trusted_;
  std::optional<LocalSocket> socket_;
  std::string text_;
  std::uint32_t generation_ = fork_generation();
  bool was_cut_off_ = false;
};

}  // namespace impact
