#include "impact/model/units.hpp"

namespace impact::model {

double share_of_life(double duration_s, double lifetime_s, double utilisation, double reserved, double total) {
  if (!(duration_s >= 0.0)) throw std::invalid_argument("a duration must not be negative");
  if (!(lifetime_s > 0.0)) throw std::invalid_argument("a lifetime must be above 0");
  if (!(utilisation > 0.0 && utilisation <= 1.0)) throw std::invalid_argument("utilisation lies above 0 and up to 1");
  if (!(total > 0.0 && reserved >= 0.0 && reserved <= total)) {
    throw std::invalid_argument("what is reserved lies between 0 and the whole machine");
  }
  return duration_s / (lifetime_s * utilisation) * (reserved / total);
}

}  // namespace impact::model
