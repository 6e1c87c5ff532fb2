#pragma once
// Splits one device's energy between its consumers. Nothing is lost and nothing is made:
//   E = sum over consumers of (active + idle) + idle of nobody + unattributed,
// holds to 1e-9 of E. Where weights are not known the energy is unattributed, never guessed. It is pure arithmetic.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace impact {

// Says who bears the energy that the device draws without work.
enum class IdlePolicy : std::uint8_t {
  none,             // nobody bears it: a consumer has what its work drew beyond idle
  allocated_cores,  // each consumer bears it by its part of the machine's cores, also while it does not use them
  usage,            // those who work bear it by their use
  equal,            // all consumers bear the same
};

constexpr std::string_view to_string(IdlePolicy p) noexcept {
  constexpr std::string_view kNames[] = {"none", "allocated_cores", "usage", "equal"};
  return kNames[static_cast<std::size_t>(p)];
}

constexpr std::optional<IdlePolicy> idle_policy_from(std::string_view name) noexcept {
  for (const IdlePolicy p : {IdlePolicy::none, IdlePolicy::allocated_cores, IdlePolicy::usage, IdlePolicy::equal}) {
    if (to_string(p) == name) return p;
  }
  return std::nullopt;
}

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// Holds what each consumer had of one interval, by its weight (CPU seconds, bytes, GPU seconds).
struct Weighed {
  enum class Kind : std::uint8_t { known, vacant, unknown } kind = Kind::unknown;  // vacant means that nobody used it
  std::vector<double> parts;  // is listed by consumer and adds up to 1; empty unless known
};

// The parts are unknown where a weight is NaN, infinite or negative, or where there is none.
Weighed weigh(std::span<const double> weights);

// Describes one consumer of one device over a stretch of intervals i of length dt_i, in which it had the part w_i.
struct Claim {
  double energy_j = 0.0;  // is the sum of E_i w_i
  double seconds = 0.0;   // is the sum of dt_i w_i
  double idle_part =
      kUnknown;  // is its part of idle energy, by cores or equally; it is unknown where the policy cannot be applied
};

struct Stretch {
  double energy_j = 0.0;   // is all that the device used: the claims', vacant and unknown
  double vacant_j = 0.0;   // was used while nobody used the device
  double unknown_j = 0.0;  // was used while weights were not known
  double idle_power_w = kUnknown;
  std::span<const Claim> claims;
};

struct Portion {
  double total_j = 0.0;
  double idle_j = 0.0;  // is a part of it, unknown where idle energy cannot be told apart
};

struct Split {
  std::vector<Portion> portions;  // has one entry a claim
  double idle_j = 0.0;            // is idle energy that nobody bears
  double unattributed_j = 0.0;
  bool idle_unknown = false;    // the policy needs the idle power, and it is not known
  bool policy_unknown = false;  // the policy needs parts of the idle energy, and they are not known
};

// Without an idle power, `usage` gives each consumer all of its intervals' energy, and idle_j is unknown; the other
// policies leave it unattributed.
Split split(const Stretch& stretch, IdlePolicy policy);

}  // namespace impact
