#include "impact/core/result.hpp"

#include <cmath>

namespace impact {

Energy ChannelResult::energy(const Channel& c) const {
  const bool is_partial = coverage < 1.0;
  if (quality == Quality::missing || !std::isfinite(value)) return Energy::missing(is_partial);
  const auto half_width_or_missing = [](double half) {
    return std::isfinite(half) && half >= 0.0 ? Joules{half} : Joules::missing();
  };
  return {Joules{value},
          half_width_or_missing(half_width),
          half_width_or_missing(bias),
          Joules{c.quality == Quality::modelled ? value : 0.0},
          quality,
          is_partial};
}

}  // namespace impact
