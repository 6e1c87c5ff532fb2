#pragma once
// An intensity that changes with time, and the exact integral of an energy series over it.

#include <cstdint>
#include <span>
#include <vector>

namespace impact::model {

enum class Shape : std::uint8_t {
  step,    // each value holds until the next time (what grids publish)
  linear,  // straight lines between the values
};

enum class EnergyKind : std::uint8_t {
  cumulative,  // joules since some start: constant power between two points
  power,       // watts: straight lines between two points
};

// The result of weighing. Energy is split by what was known of the intensity: the impact belongs to `known_j + held_j` only.
struct Weighed {
  double impact = 0.0;       // (value of the series) x kWh, over the known and the held part
  double known_j = 0.0;      // energy while the series had a value
  double held_j = 0.0;       // energy in a hole of the series that was short enough to be bridged: estimated
  double uncovered_j = 0.0;  // energy for which no intensity is known: without impact, to be shown
  double missing_s = 0.0;    // time for which the energy series itself has a hole
  double lowest = 0.0;       // of the intensity over the energy's time; NaN where nothing was known
  double highest = 0.0;
};

// Values per kWh (g, L, MJ ...) at strictly increasing times in nanoseconds, of one clock with the energy (UTC).
// Immutable after construction, so any number of threads may weigh with it.
class IntensitySeries {
 public:
  // A NaN value is a hole: it is bridged (last value held, or a straight line) for at most `max_hold_ns`, then unknown.
  // `end_ns`: when the last value of a step series ends; it is held beyond for at most `max_hold_ns`.
  // std::invalid_argument: no value at all, times that do not increase, a negative or infinite value, unequal lengths.
  IntensitySeries(std::span<const std::int64_t> times_ns, std::span<const double> values, std::int64_t end_ns,
                  Shape shape, std::int64_t max_hold_ns);

  // Exact integral of power x intensity: both are polynomials between their points, pieces are split at every point of
  // either. A NaN of the energy is a gap: the pieces beside it are missing. std::invalid_argument: times that decrease,
  // an energy that falls, negative power, unequal lengths.
  Weighed weigh(std::span<const std::int64_t> times_ns, std::span<const double> energy, EnergyKind kind) const;

  std::size_t size() const noexcept { return segments_.size(); }

 private:
  struct Segment {
    std::int64_t begin_ns, end_ns;
    double begin_value, end_value;
    bool held;
  };

  void add_steps(std::span<const std::int64_t> times, std::span<const double> values, std::int64_t end,
                 std::int64_t hold);
  void add_lines(std::span<const std::int64_t> times, std::span<const double> values, std::int64_t hold);
  friend class Weighing;

  std::vector<Segment> segments_;
};

}  // namespace impact::model
