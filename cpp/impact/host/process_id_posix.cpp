#include "impact/host/process_id.hpp"

#include <unistd.h>

namespace impact {

std::int64_t process_id() noexcept { return ::getpid(); }

}  // namespace impact
