#pragma once
// How far a misspelt name is from the right one.

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <vector>

namespace impact {

// The number of letters that have to be added, removed or replaced to make `b` of `a` (Levenshtein's distance).
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> distances(b.size() + 1);  // from the letters of `a` so far to each beginning of `b`
  std::iota(distances.begin(), distances.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = distances[0];
    distances[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = distances[j];
      distances[j] = std::min({distances[j] + 1, distances[j - 1] + 1, replaced});
    }
  }
  return distances.back();
}

}  // namespace impact
