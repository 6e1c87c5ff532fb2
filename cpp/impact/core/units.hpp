#pragma once
// Quantities as types: joules cannot be added to watts. A value that was not measured is NaN, never 0.

#include <cmath>
#include <compare>
#include <limits>

#include "impact/core/time.hpp"

namespace impact {

template <class Dimension>
class Quantity {
 public:
  constexpr Quantity() noexcept = default;
  constexpr explicit Quantity(double value) noexcept : value_(value) {}

  static constexpr Quantity missing() noexcept { return Quantity{std::numeric_limits<double>::quiet_NaN()}; }

  constexpr double value() const noexcept { return value_; }
  bool is_missing() const noexcept { return std::isnan(value_); }

  constexpr Quantity& operator+=(Quantity other) noexcept {
    value_ += other.value_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) noexcept {
    value_ -= other.value_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) noexcept { return a += b; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) noexcept { return a -= b; }
  friend constexpr Quantity operator-(Quantity a) noexcept { return Quantity{-a.value_}; }
  friend constexpr Quantity operator*(Quantity a, double k) noexcept { return Quantity{a.value_ * k}; }
  friend constexpr Quantity operator*(double k, Quantity a) noexcept { return Quantity{a.value_ * k}; }
  friend constexpr Quantity operator/(Quantity a, double k) noexcept { return Quantity{a.value_ / k}; }
  friend constexpr double operator/(Quantity a, Quantity b) noexcept { return a.value_ / b.value_; }
  friend constexpr auto operator<=>(Quantity, Quantity) noexcept = default;

 private:
  double value_ = 0.0;
};

using Joules = Quantity<struct EnergyDimension>;
using Watts = Quantity<struct PowerDimension>;

inline constexpr double kJoulesPerKilowattHour = 3.6e6;

constexpr Joules operator*(Watts p, Duration d) noexcept { return Joules{p.value() * seconds(d)}; }
constexpr Joules operator*(Duration d, Watts p) noexcept { return p * d; }
constexpr Watts operator/(Joules e, Duration d) noexcept { return Watts{e.value() / seconds(d)}; }

}  // namespace impact
