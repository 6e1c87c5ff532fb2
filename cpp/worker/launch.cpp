#include "worker/launch.hpp"

#include "worker/blas.hpp"
#include "worker/process.hpp"

#include <cstdlib>

namespace impact::worker::launch {
namespace {

constexpr const char* kStarted = "IMPACT_WORKER_STARTED";
constexpr const char* kAllocator = "GLIBC_TUNABLES";
constexpr const char* kKernels = "OPENBLAS_CORETYPE";
// Blocks above 32 MiB (the most that glibc takes here) still go back at once, so that peaks stay what the network needs.
constexpr const char* kKeepBlocks =
    "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=1073741824:"
    "glibc.malloc.top_pad=67108864";

// NOLINTBEGIN(concurrency-mt-unsafe): all of it is done before the first thread starts, or by the thread of commands

// Returns true if it was not there.
bool set_unless_chosen(const char* name, const std::string& value) {
  return std::getenv(name) == nullptr && setenv(name, value.c_str(), 1) == 0;
}

}  // namespace

void start_anew_if_needed(char** arguments) {
  if (std::getenv(kStarted) != nullptr) {
    unsetenv(kStarted);
    return;
  }
  const auto kernels = blas::better_kernels();
  const bool kernels_set = kernels && set_unless_chosen(kKernels, *kernels);
#ifdef __GLIBC__
  const bool allocator_set = set_unless_chosen(kAllocator, kKeepBlocks);
#else
  const bool allocator_set = false;
#endif
  if ((kernels_set || allocator_set) && setenv(kStarted, "1", 1) == 0) {
    process::start_again(arguments);
    unsetenv(kStarted);
  }
  if (allocator_set) {
    unsetenv(kAllocator);  // it was not started again: the setting has no effect, and must not be told as if it had
  }
}

std::optional<std::string> allocator() {
  const char* value = std::getenv(kAllocator);
  return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

// NOLINTEND(concurrency-mt-unsafe)

}  // namespace impact::worker::launch
