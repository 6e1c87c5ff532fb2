#include "impact/host/process_lock.hpp"

namespace impact {

Result<ProcessLock> ProcessLock::open(const Host&, const std::string&, std::uint64_t) {
  return Error{ErrorKind::forbidden, "Windows has no lock that ends with its process and lets others read", ""};
}

ProcessLock::State ProcessLock::take() noexcept {
  static_cast<void>(place_);
  return State::unusable;
}

void ProcessLock::release() noexcept {}

}  // namespace impact
