#pragma once
// Asks a service of this machine over a Unix socket. Nothing here waits past its deadline, whatever the other end does.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

#include "impact/core/error.hpp"
#include "impact/core/time.hpp"
#include "impact/host/file.hpp"

namespace impact {

// Holds one connection. Only one thread may use it at a time. It is closed on exec.
class LocalSocket {
 public:
  // Connects to the socket at `path`. The error is absent (there is nothing), forbidden (its mode keeps us out), broken
  // (nobody listens, or its queue stayed full up to the deadline, which is on the system's clock) or misconfigured (the
  // path is longer than a socket's may be, or names no socket).
  static Result<LocalSocket> connect(const std::filesystem::path& path, Instant deadline);

  // Returns the user of the process that listens, as the kernel saw it when that began; nullopt where it does not say.
  std::optional<std::uint32_t> peer_user() const noexcept;

  // Tells whether the other end is there and has sent nothing that was not taken yet.
  bool is_idle() const noexcept;

  // Sends it whole; returns false after the deadline, or where the other end is gone. No signal is raised.
  bool send(std::string_view bytes, Instant deadline) noexcept;

  enum class Taken : std::uint8_t {
    whole,
    ended,  // the other end let go before all was there
    late,   // the deadline came first
  };
  // Fills the buffer.
  Taken receive(std::span<char> buffer, Instant deadline) noexcept;

 private:
  explicit LocalSocket(Descriptor socket) : socket_(std::move(socket)) {}
  Descriptor socket_;
};

// Returns the user whose name stands in the text of /etc/passwd, or whose number the name is; nullopt for neither.
std::optional<std::uint32_t> user_number(std::string_view name, std::string_view passwd) noexcept;

// Returns the user that this process acts as.
std::uint32_t own_user() noexcept;

}  // namespace impact
