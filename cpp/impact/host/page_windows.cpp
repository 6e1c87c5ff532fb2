#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#include "impact/host/page.hpp"

namespace impact {

std::size_t page_size() noexcept {
  SYSTEM_INFO info{};
  GetSystemInfo(&info);
  return info.dwPageSize;
}

}  // namespace impact
