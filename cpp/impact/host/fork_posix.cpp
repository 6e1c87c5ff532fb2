#include "impact/host/fork.hpp"

#include <pthread.h>

#include <atomic>

namespace impact {
namespace {

std::atomic<std::uint32_t> generation{0};

// This runs as the program starts or loads the library, so that asking for the generation is one load and nothing else.
[[maybe_unused]] const bool is_registered =
    pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); }) == 0;

}  // namespace

std::uint32_t fork_generation() noexcept { return generation.load(std::memory_order_relaxed); }

}  // namespace impact
