#include <pthread.h>

#include "impact/host/thread_system.hpp"

namespace impact {

void name_thread(std::thread& thread, const std::string& name) noexcept {
  constexpr std::size_t kMost = 15;  // the kernel keeps this many bytes
  char text[kMost + 1] = {};
  name.copy(text, kMost);
  pthread_setname_np(thread.native_handle(), text);
}

}  // namespace impact
