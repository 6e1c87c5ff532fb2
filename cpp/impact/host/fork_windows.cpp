#include "impact/host/fork.hpp"

namespace impact {

std::uint32_t fork_generation() noexcept { return 0; }  // Windows has no fork

}  // namespace impact
