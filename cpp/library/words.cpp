#include "words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "impact/core/quality.hpp"
#include "impact/core/units.hpp"

namespace impact {
namespace {

constexpr int kMostDigits = 5;
constexpr double kLeastKilowattHours = 0.1;  // below it energies are told in joules

struct Prefix {
  double factor;
  const char* letter;
};
constexpr Prefix kPrefixes[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1.0, ""}, {1e-3, "m"}, {1e-6, "µ"}};

int exponent_of(double value) { return static_cast<int>(std::floor(std::log10(value))); }

// Decimals to show: one digit of the half-width, two where it begins with 1 or 2; of an unknown one (NaN) three significant
// digits of the value.
int decimals_for(double value, double half) {
  const int leading = value != 0.0 && std::isfinite(value) ? exponent_of(std::abs(value)) : 0;
  if (std::isnan(half)) return 2 - leading;
  const int finest = kMostDigits - 1 - leading;
  if (half <= 0.0) return finest;
  const int exponent = exponent_of(half);
  const int wanted = -exponent + (half / std::pow(10.0, exponent) < 2.95 ? 1 : 0);
  return std::min(wanted, finest);
}

std::string fixed(double value, int decimals) {
  if (decimals > 0) return fmt::format("{:.{}f}", value, decimals);
  const double step = std::pow(10.0, -decimals);
  return fmt::format("{:.0f}", std::nearbyint(value / step) * step);
}

// Rounded up: never a narrower half-width.
std::string widened(double half, int decimals) {
  const double step = std::pow(10.0, -decimals);
  return fixed(std::max(std::ceil(half / step - 1e-9), 1.0) * step, decimals);
}

double known_size(double value, double half) { return std::fmax(std::abs(value), half); }  // fmax passes over a NaN

std::string with_unit(double value, double half, int decimals, const std::string& unit) {
  std::string text = fmt::format("{} {}", fixed(value, decimals), unit);
  if (half > 0.0) text += fmt::format(" ± {} {}", widened(half, decimals), unit);
  return text;
}

std::string in_joules(double value, double half) {
  const double size = known_size(value, half);
  const auto* prefix = std::ranges::find_if(kPrefixes, [&](const Prefix& p) { return size >= p.factor * 0.9995; });
  if (prefix == std::end(kPrefixes)) prefix = size != 0.0 ? std::prev(prefix) : &kPrefixes[3];
  const double shown = value / prefix->factor, shown_half = half / prefix->factor;
  return with_unit(shown, shown_half, decimals_for(shown, shown_half), fmt::format("{}J", prefix->letter));
}

std::string in_kilowatt_hours(double value, double half) {
  const double shown = value / kJoulesPerKilowattHour, shown_half = half / kJoulesPerKilowattHour;
  return with_unit(shown, shown_half, decimals_for(known_size(shown, shown_half), shown_half), "kWh");
}

// Random and systematic error together, of those that are known; NaN where neither is.
double error_of(const impact_energy& energy) {
  if (std::isnan(energy.half_width_j)) return energy.bias_j;
  return std::isnan(energy.bias_j) ? energy.half_width_j : std::hypot(energy.half_width_j, energy.bias_j);
}

}  // namespace

std::string text_of(const impact_energy& energy) {
  if (std::isnan(energy.best_j)) return "not measured";
  const double half = error_of(energy);
  const bool is_small = known_size(energy.best_j, half) < kLeastKilowattHours * kJoulesPerKilowattHour;
  std::string text = is_small ? in_joules(energy.best_j, half) : in_kilowatt_hours(energy.best_j, half);
  const int quality = std::clamp<int>(energy.quality, IMPACT_MEASURED, IMPACT_MISSING);
  text += ", " + std::string(to_string(static_cast<Quality>(quality)));
  if (energy.partial != 0) text += ", in part";
  return text;
}

}  // namespace impact
