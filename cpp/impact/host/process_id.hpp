#pragma once

#include <cstdint>

namespace impact {

std::int64_t process_id() noexcept;

}  // namespace impact
