#pragma once
// How far a number can be trusted, from best to worst.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

namespace impact {

enum class Quality : std::uint8_t {
  measured,   // a sensor's own value
  modelled,   // computed from load and a model of the hardware, its error stated
  estimated,  // a choice between several values that the data allow, or a default
  stale,      // a sensor's earlier value, not renewed
  missing,    // nothing: never a number
};

constexpr Quality worst(Quality a, Quality b) noexcept { return std::max(a, b); }

constexpr std::string_view to_string(Quality q) noexcept {
  constexpr std::string_view kNames[] = {"measured", "modelled", "estimated", "stale", "missing"};
  return kNames[static_cast<std::size_t>(q)];
}

constexpr std::optional<Quality> quality_from(std::string_view name) noexcept {
  for (const Quality q : {Quality::measured, Quality::modelled, Quality::estimated, Quality::stale, Quality::missing}) {
    if (to_string(q) == name) return q;
  }
  return std::nullopt;
}

}  // namespace impact
