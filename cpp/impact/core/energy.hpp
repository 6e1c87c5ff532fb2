#pragma once
// Energy: joules with what is known of their error, and the algebra of such values. Python's `impact_tracker.values` has
// the same type under the same rules; a property test compares the two.

#include <span>

#include "impact/core/quality.hpp"
#include "impact/core/units.hpp"

namespace impact {

// A best value between two bounds.
struct EnergyRange {
  Joules low, best, high;
};

// An energy, or the statement that none was measured: then `best` is missing and the quality is Quality::missing.
class Energy {
 public:
  // Nothing was measured. That is never 0 J.
  Energy() noexcept = default;
  static Energy missing(bool partial) noexcept;

  // `half` and `bias` are 95 % half-widths, `modelled` is the part of `best` that models gave; each of the three may be
  // missing where it is not known. std::invalid_argument for an infinity, for a negative half-width, and for a value
  // without a quality or a quality without a value.
  Energy(Joules best, Joules half, Joules bias, Joules modelled, Quality quality, bool partial = false);

  Joules best() const noexcept { return best_; }
  // Of the error that differs from reading to reading: tick, edges, gaps, sampling.
  Joules half() const noexcept { return half_; }
  // Of the systematic error of sensors and models, which repeating does not shrink.
  Joules bias() const noexcept { return bias_; }
  Joules modelled() const noexcept { return modelled_; }
  // That of the worst part.
  Quality quality() const noexcept { return quality_; }
  // A component of the machine, or a part of the time, is not in the sum.
  bool partial() const noexcept { return partial_; }
  bool is_missing() const noexcept { return best_.is_missing(); }

  // The ends of the 95 % interval, the bias apart; missing where the half-width is.
  Joules low() const noexcept { return best_ - half_; }
  Joules high() const noexcept { return best_ + half_; }
  // Half-width with the bias in it (root of the sum of squares), of the parts that are known; missing where none is.
  Joules error() const noexcept;
  // What the energy may have been: best +- error, cut at 0; all three missing where nothing was measured.
  EnergyRange range() const noexcept;

  // A part or a multiple; all errors scale with it. std::invalid_argument for a negative or infinite factor.
  Energy scaled(double factor) const;
  // What this energy has beyond `other`; missing where either is. Half-widths are independent. A bias that both share
  // because the same sensors gave them cancels as far as they are equal; biases of different sensors are independent.
  Energy minus(const Energy& other, bool same_sensors) const;
  // The same with one more independent error of this half-width.
  Energy widened(Joules half) const noexcept;
  // The same, of which something is known to be left out.
  Energy as_partial() const noexcept;

 private:
  friend class EnergySum;

  Joules best_ = Joules::missing();
  Joules half_ = Joules::missing();
  Joules bias_ = Joules::missing();
  Joules modelled_ = Joules::missing();
  Quality quality_ = Quality::missing;
  bool partial_ = false;
};

// The sum of energies of different parts of a machine, of several machines, or of times that do not overlap.
//
// Half-widths are independent and add up as the root of their squares; biases are shared (a sensor that reads 1 % too
// much does so everywhere) and add up as they are. A half-width, bias or modelled part that one summand does not know is
// not known of the sum. A missing summand is left out, and the sum is partial; where all are missing, or there is none,
// the sum is missing too.
class EnergySum {
 public:
  void add(const Energy& energy) noexcept;
  Energy total() const noexcept;

 private:
  Energy sum_;               // its half-width aside
  double variance_ = 0.0;    // sum of the squares of half-widths; NaN where one is not known
  bool incomplete_ = false;  // a summand was missing or partial
};

Energy total(std::span<const Energy> energies) noexcept;
// As `total`, but missing as soon as one summand is: for a figure that means nothing without all of its parts.
Energy total_if_known(std::span<const Energy> energies) noexcept;

}  // namespace impact
