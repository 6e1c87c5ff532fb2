#pragma once
// Sums of quantities that may not be known.

#include <optional>

namespace impact {

// A sum of which one part is not known is not known.
template <typename Quantity>
std::optional<Quantity> known_sum(const std::optional<Quantity>& a, const std::optional<Quantity>& b) {
  if (!a || !b) return std::nullopt;
  return *a + *b;
}

}  // namespace impact
