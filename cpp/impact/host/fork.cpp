#include "impact/host/fork.hpp"

#include <pthread.h>

#include <atomic>

namespace impact {
namespace {

std::atomic<std::uint32_t> generation{0};

bool register_handler() noexcept {
  return pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); }) == 0;
}

}  // namespace

std::uint32_t fork_generation() noexcept {
  static const bool registered = register_handler();
  static_cast<void>(registered);
  return generation.load(std::memory_order_relaxed);
}

}  // namespace impact
