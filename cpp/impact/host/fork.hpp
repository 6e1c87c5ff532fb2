#pragma once
// Tells which process this is. A fork's child has another generation: what the parent made does nothing there.

#include <atomic>
#include <cstdint>

namespace impact {

// Counts the forks between the program's start and this process, by one atomic load. The child handler behind it only
// adds one: it takes no lock and calls nothing.
std::uint32_t fork_generation() noexcept;

// Returns the process's own T, which is made at first use and never destroyed: threads may use it until the very end. A
// forked child gets a new one: the parent's may have been locked at the fork, and its threads are not in the child.
template <class T>
T& per_process() {
  struct Box {
    std::uint32_t generation = fork_generation();
    Box* parents = nullptr;
    T value;
  };
  static std::atomic<Box*> current{nullptr};
  Box* box = current.load(std::memory_order_acquire);
  while (box == nullptr || box->generation != fork_generation()) {
    Box* fresh = new Box;
    fresh->parents = box;
    if (current.compare_exchange_strong(box, fresh, std::memory_order_acq_rel)) return fresh->value;
    delete fresh;
  }
  return box->value;
}

}  // namespace impact
