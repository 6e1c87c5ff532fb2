#pragma once
// News of every process that ends, with the CPU time it has used: the kernel's taskstats over netlink. The one way to
// know of a process that lives for milliseconds and that nobody waits for. Needs CAP_NET_ADMIN and a kernel of 5.19 or
// later; costs a message for each thread that ends on the machine, so it is opened only where it is needed.

#include <cstdint>
#include <memory>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/host/file.hpp"
#include "impact/host/host.hpp"

namespace impact {

// A thread that has ended.
struct ExitRecord {
  int pid = 0;  // of its process
  int parent = 0;
  std::int64_t cpu_ns = 0;
};

class ExitAccounting {
 public:
  // Error: forbidden (CAP_NET_ADMIN), absent (a kernel without taskstats, or another machine's root).
  static Result<std::unique_ptr<ExitAccounting>> open(const Host& host);
  // What has come since the last call, without waiting. False where the kernel had to drop some.
  bool drain(std::vector<ExitRecord>& into);

 private:
  ExitAccounting(Descriptor socket, std::uint16_t family) : socket_(std::move(socket)), family_(family) {}
  Descriptor socket_;
  std::uint16_t family_;
};

}  // namespace impact
