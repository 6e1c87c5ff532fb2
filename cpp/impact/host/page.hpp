#pragma once
// Returns the size of a page of memory, in which the kernel counts.

#include <cstddef>

namespace impact {

std::size_t page_size() noexcept;

}  // namespace impact
