#include "impact/host/page.hpp"

#include <unistd.h>

namespace impact {

std::size_t page_size() noexcept {
  static const long size = sysconf(_SC_PAGESIZE);
  return size > 0 ? static_cast<std::size_t>(size) : 4096;
}

}  // namespace impact
