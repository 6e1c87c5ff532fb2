#include "impact/attribution/split.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace impact {
namespace {

constexpr double kRounding = 1e-12;  // less than this part of the whole, left over, is rounding and no energy

double part_of(double joules, double whole) noexcept {
  return std::isfinite(joules) ? std::clamp(joules, 0.0, std::max(whole, 0.0)) : 0.0;
}

void by_usage(const Stretch& stretch, Split& out) {
  const bool known = std::isfinite(stretch.idle_power_w);
  for (const Claim& claim : stretch.claims) {
    const double total = part_of(claim.energy_j, stretch.energy_j);
    const double idle = known ? std::clamp(stretch.idle_power_w * claim.seconds, 0.0, total) : kUnknown;
    out.portions.push_back({total, idle});
  }
  out.idle_j = part_of(stretch.vacant_j, stretch.energy_j);
}

// Gives active energy to those who caused it and the pool of idle energy by `part`; what is left of the pool is nobody's.
template <class Part>
void by_parts(const Stretch& stretch, Part part, Split& out) {
  double pool = part_of(stretch.vacant_j, stretch.energy_j);
  for (const Claim& claim : stretch.claims) {
    const double total = part_of(claim.energy_j, stretch.energy_j);
    const double idle = std::clamp(stretch.idle_power_w * claim.seconds, 0.0, total);
    out.portions.push_back({total - idle, 0.0});
    pool += idle;
  }
  double left = 1.0;
  for (std::size_t i = 0; i < stretch.claims.size(); ++i) {
    const double wanted = part(stretch.claims[i]);
    const double given = std::isfinite(wanted) ? std::clamp(wanted, 0.0, left) : 0.0;
    left -= given;
    out.portions[i].idle_j = given * pool;
    out.portions[i].total_j += given * pool;
  }
  out.idle_j = left * pool;
}

}  // namespace

Weighed weigh(std::span<const double> weights) {
  Weighed out;
  const bool sound = std::ranges::all_of(weights, [](double w) { return std::isfinite(w) && w >= 0.0; });
  if (!sound || weights.empty()) return out;
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!std::isfinite(sum)) return out;
  out.kind = sum > 0.0 ? Weighed::Kind::known : Weighed::Kind::vacant;
  if (sum <= 0.0) return out;
  for (const double w : weights) out.parts.push_back(w / sum);
  return out;
}

Split split(const Stretch& stretch, IdlePolicy policy) {
  Split out;
  out.portions.reserve(stretch.claims.size());
  const double energy = stretch.energy_j;
  if (!std::isfinite(energy) || energy < 0.0) {
    out.portions.resize(stretch.claims.size(), {kUnknown, kUnknown});
    out.idle_j = out.unattributed_j = kUnknown;
    return out;
  }
  const bool needs_parts = policy == IdlePolicy::allocated_cores || policy == IdlePolicy::equal;
  out.policy_unknown =
      needs_parts && std::ranges::none_of(stretch.claims, [](const Claim& c) { return std::isfinite(c.idle_part); });
  out.idle_unknown = policy != IdlePolicy::usage && !std::isfinite(stretch.idle_power_w);
  if (out.idle_unknown) {
    out.portions.resize(stretch.claims.size(), {0.0, 0.0});
    out.unattributed_j = energy;
    return out;
  }
  if (policy == IdlePolicy::usage) {
    by_usage(stretch, out);
  } else if (policy == IdlePolicy::none) {
    by_parts(stretch, [](const Claim&) { return 0.0; }, out);
  } else {
    by_parts(stretch, [](const Claim& c) { return c.idle_part; }, out);
  }
  double given = out.idle_j;
  for (const Portion& portion : out.portions) given += portion.total_j;
  if (given > energy) {  // the claims' sums and the energy came from different readings: the claims give way
    const double scale = energy / given;
    for (Portion& portion : out.portions) {
      portion.total_j *= scale;
      portion.idle_j *= scale;
    }
    out.idle_j *= scale;
    given = energy;
  }
  out.unattributed_j = energy - given;
  if (out.unattributed_j < kRounding * energy) out.unattributed_j = 0.0;
  return out;
}

}  // namespace impact
