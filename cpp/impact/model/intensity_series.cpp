#include "impact/model/intensity_series.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "impact/core/units.hpp"

namespace impact::model {
namespace {

constexpr double kSecondsPerNanosecond = 1e-9;

double between(double a, double b, std::int64_t begin, std::int64_t end, std::int64_t at) {
  if (end == begin || a == b) return a;
  return a + (b - a) * (static_cast<double>(at - begin) / static_cast<double>(end - begin));
}

void check_times(std::span<const std::int64_t> times, std::size_t values, bool strictly) {
  if (times.size() != values) throw std::invalid_argument("times and values differ in length");
  for (std::size_t i = 1; i < times.size(); ++i) {
    if (times[i] < times[i - 1] || (strictly && times[i] == times[i - 1])) {
      throw std::invalid_argument("times must increase (point " + std::to_string(i) + ")");
    }
  }
}

}  // namespace

IntensitySeries::IntensitySeries(std::span<const std::int64_t> times_ns, std::span<const double> values,
                                 std::int64_t end_ns, Shape shape, std::int64_t max_hold_ns) {
  check_times(times_ns, values.size(), true);
  for (const double value : values) {
    if (value < 0.0 || std::isinf(value)) throw std::invalid_argument("an intensity must be finite and not negative");
  }
  if (std::all_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) {
    throw std::invalid_argument("a series of intensities needs at least one value");
  }
  if (max_hold_ns < 0) throw std::invalid_argument("max_hold must not be negative");
  segments_.reserve(values.size() + 1);
  if (shape == Shape::step) {
    if (end_ns <= times_ns.back()) throw std::invalid_argument("the end must lie after the last time");
    add_steps(times_ns, values, end_ns, max_hold_ns);
  } else {
    add_lines(times_ns, values, max_hold_ns);
  }
}

void IntensitySeries::add_steps(std::span<const std::int64_t> times, std::span<const double> values, std::int64_t end,
                                std::int64_t hold) {
  double last = std::numeric_limits<double>::quiet_NaN();
  std::int64_t held_until = std::numeric_limits<std::int64_t>::min();
  for (std::size_t i = 0; i < times.size(); ++i) {
    const std::int64_t stop = i + 1 < times.size() ? times[i + 1] : end;
    if (!std::isnan(values[i])) {
      last = values[i];
      held_until = stop + hold;
      segments_.push_back({times[i], stop, last, last, false});
    } else if (!std::isnan(last) && times[i] < held_until) {
      segments_.push_back({times[i], std::min(stop, held_until), last, last, true});
    }
  }
  if (held_until > end) segments_.push_back({end, held_until, last, last, true});
}

void IntensitySeries::add_lines(std::span<const std::int64_t> times, std::span<const double> values,
                                std::int64_t hold) {
  std::size_t before = times.size();  // the last point with a value
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (std::isnan(values[i])) continue;
    const bool bridges = before + 1 < i;
    if (before < times.size() && (!bridges || times[i] - times[before] <= hold)) {
      segments_.push_back({times[before], times[i], values[before], values[i], bridges});
    }
    before = i;
  }
  if (hold > 0) segments_.push_back({times[before], times[before] + hold, values[before], values[before], true});
}

// One walk over both series; the segments are found by halving once, then only advanced.
class Weighing {
 public:
  explicit Weighing(const std::vector<IntensitySeries::Segment>& segments) : segments_(segments) {
    result_.lowest = result_.highest = std::numeric_limits<double>::quiet_NaN();
  }

  // Power goes from p0 to p1 between begin and end.
  void piece(std::int64_t begin, std::int64_t end, double p0, double p1) {
    seek(begin);
    std::int64_t at = begin;
    while (at < end) {
      const bool inside = next_ < segments_.size() && segments_[next_].begin_ns <= at;
      std::int64_t stop = end;
      if (next_ < segments_.size()) stop = std::min(stop, inside ? segments_[next_].end_ns : segments_[next_].begin_ns);
      const double a = between(p0, p1, begin, end, at);
      const double b = between(p0, p1, begin, end, stop);
      part(at, stop, a, b, inside);
      at = stop;
      if (inside && at == segments_[next_].end_ns) ++next_;
    }
  }

  // Joules spread evenly over the piece. Most pieces of a record lie within one step of the intensity: those need no
  // splitting and no division, which is what a day of samples spends its time on.
  void even(std::int64_t begin, std::int64_t end, double joules) {
    seek(begin);
    if (next_ < segments_.size()) {
      const auto& s = segments_[next_];
      if (s.begin_ns <= begin && end <= s.end_ns && s.begin_value == s.end_value) {
        book(s, joules, joules * s.begin_value, s.begin_value, s.begin_value);
        return;
      }
    }
    const double power = joules / (static_cast<double>(end - begin) * kSecondsPerNanosecond);
    piece(begin, end, power, power);
  }

  // Energy that came in no time: a counter that was read twice in one nanosecond.
  void jump(std::int64_t at, double joules) {
    seek(at);
    if (next_ < segments_.size() && segments_[next_].begin_ns <= at) {
      const auto& s = segments_[next_];
      const double value = between(s.begin_value, s.end_value, s.begin_ns, s.end_ns, at);
      book(s, joules, joules * value, value, value);
    } else {
      result_.uncovered_j += joules;
    }
  }

  void gap(std::int64_t begin, std::int64_t end) {
    result_.missing_s += static_cast<double>(end - begin) * kSecondsPerNanosecond;
  }

  Weighed result() {
    result_.impact = static_cast<double>(weighted_ / static_cast<long double>(kJoulesPerKilowattHour));
    return result_;
  }

 private:
  void seek(std::int64_t at) {
    if (next_ == 0) {
      next_ = static_cast<std::size_t>(
          std::partition_point(segments_.begin(), segments_.end(), [at](const auto& s) { return s.end_ns <= at; }) -
          segments_.begin());
    }
    while (next_ < segments_.size() && segments_[next_].end_ns <= at) ++next_;
  }

  void part(std::int64_t begin, std::int64_t end, double p0, double p1, bool inside) {
    const double h = static_cast<double>(end - begin) * kSecondsPerNanosecond;
    const double joules = 0.5 * h * (p0 + p1);
    if (!inside) {
      result_.uncovered_j += joules;
      return;
    }
    const auto& s = segments_[next_];
    const double i0 = between(s.begin_value, s.end_value, s.begin_ns, s.end_ns, begin);
    const double i1 = between(s.begin_value, s.end_value, s.begin_ns, s.end_ns, end);
    // The integral of the product of two straight lines, exactly.
    book(s, joules, h / 6.0 * (2.0 * p0 * i0 + p0 * i1 + p1 * i0 + 2.0 * p1 * i1), i0, i1);
  }

  void book(const IntensitySeries::Segment& s, double joules, double weighted, double i0, double i1) {
    (s.held ? result_.held_j : result_.known_j) += joules;
    weighted_ += static_cast<long double>(weighted);
    result_.lowest = std::fmin(result_.lowest, std::min(i0, i1));
    result_.highest = std::fmax(result_.highest, std::max(i0, i1));
  }

  const std::vector<IntensitySeries::Segment>& segments_;
  std::size_t next_ = 0;
  long double weighted_ = 0.0L;
  Weighed result_;
};

Weighed IntensitySeries::weigh(std::span<const std::int64_t> times_ns, std::span<const double> energy,
                               EnergyKind kind) const {
  check_times(times_ns, energy.size(), false);
  Weighing weighing(segments_);
  for (std::size_t i = 1; i < times_ns.size(); ++i) {
    const std::int64_t begin = times_ns[i - 1], end = times_ns[i];
    const double a = energy[i - 1], b = energy[i];
    if (std::isnan(a) || std::isnan(b)) {
      weighing.gap(begin, end);
      continue;
    }
    const bool cumulative = kind == EnergyKind::cumulative;
    if (cumulative ? b < a : a < 0.0 || b < 0.0) {
      throw std::invalid_argument("energy must not fall, power must not be negative (point " + std::to_string(i) + ")");
    }
    if (!std::isfinite(a) || !std::isfinite(b)) throw std::invalid_argument("energy must be finite");
    if (end == begin) {
      if (cumulative && b > a) weighing.jump(begin, b - a);
      continue;
    }
    if (cumulative) {
      weighing.even(begin, end, b - a);
    } else {
      weighing.piece(begin, end, a, b);
    }
  }
  return weighing.result();
}

}  // namespace impact::model
