#pragma once
// Tells of every process that ends and the CPU time it has used, by the kernel's taskstats over netlink: the one way to
// know of a process that lives for milliseconds and that nobody waits for. It needs CAP_NET_ADMIN and Linux 5.19 or
// later. Each thread that ends on the machine costs a message, so it is opened only where it is needed.

#include <cstdint>
#include <memory>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/host/file.hpp"
#include "impact/host/host.hpp"

namespace impact {

// Describes a thread that has ended.
struct ExitRecord {
  int pid = 0;  // is its process's
  int parent = 0;
  std::int64_t cpu_ns = 0;
};

class ExitAccounting {
 public:
  // The error is forbidden (no CAP_NET_ADMIN) or absent (a kernel without taskstats, or another machine's root).
  static Result<std::unique_ptr<ExitAccounting>> open(const Host& host);
  // Takes what has come since the last call, without waiting. Returns false where the kernel had to drop some.
  bool drain(std::vector<ExitRecord>& into);

 private:
  ExitAccounting(Descriptor socket, std::uint16_t family) : socket_(std::move(socket)), family_(family) {}
  Descriptor socket_;
  std::uint16_t family_;
};

}  // namespace impact
