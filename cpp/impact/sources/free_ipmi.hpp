#pragma once
// Keeps a session with a management controller over the network (IPMI 2.0, RMCP+), through FreeIPMI's library, which is
// loaded at run time: without it everything else works, and this says what to install.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/core/time.hpp"
#include "impact/host/library.hpp"

namespace impact {

struct IpmiAccount {
  std::string host;  // is written as "bmc.example", "10.0.0.7:623" or "[fe80::1]:623"
  std::string user, password;
  unsigned cipher_suite = 3;  // 3 is HMAC-SHA1 and AES-128, 17 is HMAC-SHA256 and AES-128
};

class FreeIpmi {
 public:
  // Loads the library at `path`; no packet is sent. The error is absent where it is not installed.
  static Result<FreeIpmi> open(IpmiAccount account, const std::string& path);
  FreeIpmi(FreeIpmi&& other) noexcept;
  FreeIpmi& operator=(FreeIpmi&&) = delete;
  ~FreeIpmi();

  // Sends a command, after logging in where there is no session; returns the completion code, then the data. A session
  // that fails is closed and the next request logs in again. The error is forbidden (the account) or broken (no answer
  // within `at_most`, or an odd one); it names the host and never a credential. Only one thread may use it at a time.
  Result<std::vector<std::uint8_t>> request(std::uint8_t netfn, std::uint8_t command,
                                            std::span<const std::uint8_t> data, Duration at_most);
  // Ends the session, where there is one; the next request begins another.
  void log_out() noexcept;

 private:
  struct Context;
  struct Calls {
    Context* (*create)() = nullptr;
    void (*destroy)(Context*) = nullptr;
    int (*close)(Context*) = nullptr;
    int (*number)(Context*) = nullptr;
    char* (*words)(Context*) = nullptr;
    int (*log_in)(Context*, const char*, const char*, const char*, const unsigned char*, unsigned, std::uint8_t,
                  std::uint8_t, unsigned, unsigned, unsigned, unsigned) = nullptr;
    int (*raw)(Context*, std::uint8_t, std::uint8_t, const void*, unsigned, void*, unsigned) = nullptr;
  };
  FreeIpmi(Library library, IpmiAccount account) noexcept
      : library_(std::move(library)), account_(std::move(account)) {}
  bool resolve();
  Result<bool> log_in(Duration at_most);
  Error failed(const char* step) const;

  Library library_;
  IpmiAccount account_;
  Calls calls_;
  Context* context_ = nullptr;  // is logged in where it is not null
};

}  // namespace impact
