#include "impact/core/energy.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace impact {
namespace {

double square(double x) noexcept { return x * x; }

void check(const char* name, Joules value, bool is_half_width) {
  if (std::isinf(value.value())) throw std::invalid_argument(std::string("an energy's ") + name + " is infinite");
  if (is_half_width && value.value() < 0.0)
    throw std::invalid_argument(std::string("an energy's ") + name + " is a half-width and never negative");
}

}  // namespace

Energy Energy::missing(bool partial) noexcept {
  Energy energy;
  energy.partial_ = partial;
  return energy;
}

Energy::Energy(Joules best, Joules half, Joules bias, Joules modelled, Quality quality, bool partial)
    : best_(best), half_(half), bias_(bias), modelled_(modelled), quality_(quality), partial_(partial) {
  check("best value", best, false);
  check("half-width", half, true);
  check("bias", bias, true);
  check("modelled part", modelled, false);
  if (best.is_missing() != (quality == Quality::missing)) {
    throw std::invalid_argument(best.is_missing() ? "an energy that is not known cannot have a quality"
                                                  : "an energy with a value cannot have the quality \"missing\"");
  }
}

Joules Energy::error() const noexcept {
  if (is_missing()) return Joules::missing();
  if (half_.is_missing()) return bias_;
  return bias_.is_missing() ? half_ : Joules{std::hypot(half_.value(), bias_.value())};
}

EnergyRange Energy::range() const noexcept {
  if (is_missing()) return {best_, best_, best_};
  const Joules nothing{0.0}, best = std::max(best_, nothing);
  const Joules error = this->error().is_missing() ? nothing : this->error();
  return {std::max(best - error, nothing), best, best + error};
}

Energy Energy::scaled(double factor) const {
  if (!(std::isfinite(factor) && factor >= 0.0))
    throw std::invalid_argument("an energy is scaled by a finite number of 0 or more");
  return {best_ * factor, half_ * factor, bias_ * factor, modelled_ * factor, quality_, partial_};
}

Energy Energy::minus(const Energy& other, bool same_sensors) const {
  const bool partial = partial_ || other.partial_;
  if (is_missing() || other.is_missing()) return missing(partial);
  const double bias =
      same_sensors ? std::abs(bias_.value() - other.bias_.value()) : std::hypot(bias_.value(), other.bias_.value());
  return {best_ - other.best_,
          Joules{std::hypot(half_.value(), other.half_.value())},
          Joules{bias},
          modelled_ - other.modelled_,
          worst(quality_, other.quality_),
          partial};
}

Energy Energy::widened(Joules half) const noexcept {
  Energy wider = *this;
  wider.half_ = Joules{std::hypot(half_.value(), half.value())};
  return wider;
}

Energy Energy::as_partial() const noexcept {
  Energy part = *this;
  part.partial_ = true;
  return part;
}

void EnergySum::add(const Energy& energy) noexcept {
  incomplete_ = incomplete_ || energy.is_missing() || energy.partial();
  if (energy.is_missing()) return;
  if (sum_.is_missing()) {
    sum_.best_ = sum_.bias_ = sum_.modelled_ = Joules{0.0};
    sum_.quality_ = Quality::measured;
  }
  sum_.best_ += energy.best();
  sum_.bias_ += energy.bias();
  sum_.modelled_ += energy.modelled();
  sum_.quality_ = worst(sum_.quality_, energy.quality());
  variance_ += square(energy.half().value());
}

Energy EnergySum::total() const noexcept {
  Energy total = sum_;
  total.partial_ = incomplete_;
  if (!total.is_missing()) total.half_ = Joules{std::sqrt(variance_)};
  return total;
}

Energy total(std::span<const Energy> energies) noexcept {
  EnergySum sum;
  for (const Energy& energy : energies) sum.add(energy);
  return sum.total();
}

Energy total_if_known(std::span<const Energy> energies) noexcept {
  const bool known = std::ranges::none_of(energies, &Energy::is_missing);
  return known ? total(energies) : Energy::missing(true);
}

}  // namespace impact
