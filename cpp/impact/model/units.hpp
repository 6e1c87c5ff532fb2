#pragma once
// Quantities of impact as types, on top of core's. What must not be mixed has different types: energy of the computers and
// energy of the site (so that a PUE is applied once), average, marginal and market-based carbon, water and primary energy.

#include <cmath>
#include <stdexcept>
#include <string>

#include "impact/core/units.hpp"

namespace impact::model {

using SiteJoules = Quantity<struct SiteEnergyDimension>;             // with the site's overhead: IT energy x PUE
using MarginalGramsCO2e = Quantity<struct MarginalCarbonDimension>;  // what one kWh more or less changes
using MarketGramsCO2e = Quantity<struct MarketCarbonDimension>;      // after certificates: never added to the others
using Litres = Quantity<struct WaterDimension>;
using PrimaryMegajoules = Quantity<struct PrimaryEnergyDimension>;
using KilogramsSb = Quantity<struct DepletionDimension>;   // antimony equivalent, elements
using ToxicityUnits = Quantity<struct ToxicityDimension>;  // CTUh

inline constexpr double kJoulesPerKilowattHour = 3.6e6;

// An amount of impact for each kWh that the site takes from the grid.
template <class Impact>
class PerSiteKilowattHour {
 public:
  // std::invalid_argument for a negative or infinite value; NaN stands for a factor that nobody published.
  explicit PerSiteKilowattHour(double value) : value_(value) {
    if (value < 0.0 || std::isinf(value)) throw std::invalid_argument("a factor must be finite and not negative");
  }
  double value() const noexcept { return value_; }

 private:
  double value_;
};

using CarbonIntensity = PerSiteKilowattHour<GramsCO2e>;
using MarginalIntensity = PerSiteKilowattHour<MarginalGramsCO2e>;
using MarketIntensity = PerSiteKilowattHour<MarketGramsCO2e>;
using WaterIntensity = PerSiteKilowattHour<Litres>;
using PrimaryEnergyFactor = PerSiteKilowattHour<PrimaryMegajoules>;
using DepletionFactor = PerSiteKilowattHour<KilogramsSb>;

// Power usage effectiveness: energy of the site over energy of its computers; 1 or more.
class Pue {
 public:
  explicit Pue(double value) : value_(value) {
    if (!(value >= 1.0) || std::isinf(value)) throw std::invalid_argument("a PUE is 1 or more");
  }
  double value() const noexcept { return value_; }

 private:
  double value_;
};

// Water usage effectiveness: litres evaporated on site for each kWh of the computers (not of the site).
class Wue {
 public:
  explicit Wue(double litres_per_kwh) : value_(litres_per_kwh) {
    if (litres_per_kwh < 0.0 || std::isinf(litres_per_kwh))
      throw std::invalid_argument("a WUE is finite and not negative");
  }
  double value() const noexcept { return value_; }

 private:
  double value_;
};

inline SiteJoules operator*(Joules it, Pue pue) noexcept { return SiteJoules{it.value() * pue.value()}; }

template <class Impact>
Impact operator*(SiteJoules site, PerSiteKilowattHour<Impact> factor) noexcept {
  return Impact{site.value() / kJoulesPerKilowattHour * factor.value()};
}

inline Litres operator*(Joules it, Wue wue) noexcept {
  return Litres{it.value() / kJoulesPerKilowattHour * wue.value()};
}

// W = E_IT x (WUE + PUE x EWIF): on site for the computers' energy, off site for the grid's. The PUE stands in it once.
inline Litres water(Joules it, Pue pue, Wue wue, WaterIntensity grid) noexcept { return it * wue + (it * pue) * grid; }

// What using electricity brings, every quantity in its own type; a factor that nobody published (NaN) leaves NaN.
struct UseOfElectricity {
  GramsCO2e carbon;
  Litres water;
  PrimaryMegajoules primary_energy;
  KilogramsSb depletion;
};

struct GridFactors {
  CarbonIntensity carbon;
  WaterIntensity water;
  PrimaryEnergyFactor primary_energy;
  DepletionFactor depletion;
};

inline UseOfElectricity use_of_electricity(Joules it, Pue pue, Wue wue, const GridFactors& grid) noexcept {
  const SiteJoules site = it * pue;
  return {site * grid.carbon, water(it, pue, wue, grid.water), site * grid.primary_energy, site * grid.depletion};
}

// Share of making that a use bears: duration / (lifetime x utilisation) x reserved / total (the machine's part).
double share_of_life(double duration_s, double lifetime_s, double utilisation, double reserved, double total);

}  // namespace impact::model
