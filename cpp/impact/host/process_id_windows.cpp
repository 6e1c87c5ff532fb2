#include <process.h>

#include "impact/host/process_id.hpp"

namespace impact {

std::int64_t process_id() noexcept { return ::_getpid(); }

}  // namespace impact
