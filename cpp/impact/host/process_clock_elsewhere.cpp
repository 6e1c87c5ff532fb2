#include "impact/host/process_usage.hpp"

namespace impact {

std::optional<Duration> cpu_time_of(int) noexcept { return std::nullopt; }

}  // namespace impact
