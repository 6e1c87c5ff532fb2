// Power curves whose energy is known in closed form: the truth that every measurement of a fake machine is held
// against.
//
// Times are nanoseconds since the curve's own start (a fake keeps the epoch and subtracts it); negative times are
// valid. energy_j(t0, t1) is the exact integral of power_w over [t0, t1], as good as a double allows, however late t0
// is: whole periods are counted as integers, and only the remainders are subtracted from each other. Immutable after
// construction, hence free to be shared by threads. tests/fakes/curve.py holds the same definitions.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace impact::fakes {

/// Sum of simple terms, each never negative.
class Curve {
 public:
  Curve() = default;

  static Curve constant(double watts) { return steps({{0, watts}}); }

  /// low_w in the first half of each period, high_w in the second; phase_ns moves the curve forward in its period.
  static Curve square(double low_w, double high_w, std::int64_t period_ns, std::int64_t phase_ns = 0) {
    require(low_w >= 0 && high_w >= 0, "square: power below 0 W");
    require(period_ns >= 2 && period_ns % 2 == 0, "square: the period must be an even number of ns");
    return Curve{Term{Kind::square, low_w, high_w, period_ns, phase_ns, {}}};
  }

  /// mean_w + amplitude_w * sin(2 pi (t + phase) / period).
  static Curve sine(double mean_w, double amplitude_w, std::int64_t period_ns, std::int64_t phase_ns = 0) {
    require(amplitude_w >= 0 && amplitude_w <= mean_w,
            "sine: the amplitude must lie in 0..mean (power is never negative)");
    require(period_ns >= 1, "sine: the period must be positive");
    return Curve{Term{Kind::sine, mean_w, amplitude_w, period_ns, phase_ns, {}}};
  }

  /// Each power holds from its time to the next; the first one also holds before its time.
  static Curve steps(std::vector<std::pair<std::int64_t, double>> points) {
    require(!points.empty(), "steps: at least one point is needed");
    for (std::size_t i = 0; i < points.size(); ++i) {
      require(points[i].second >= 0, "steps: power below 0 W");
      require(i == 0 || points[i].first > points[i - 1].first, "steps: times must rise");
    }
    return Curve{Term{Kind::steps, 0, 0, 1, 0, std::move(points)}};
  }

  /// Parses "square:20:180:50ms", "sine:100:80:30ms[:phase]", "constant:100", "steps:50@0s:120@2s", joined by '+'.
  static Curve parse(std::string_view text) {
    Curve sum;
    while (true) {
      const auto plus = text.find('+');
      sum = sum + parse_term(text.substr(0, plus));
      if (plus == std::string_view::npos) return sum;
      text.remove_prefix(plus + 1);
    }
  }

  friend Curve operator+(Curve a, const Curve& b) {
    a.terms_.insert(a.terms_.end(), b.terms_.begin(), b.terms_.end());
    return a;
  }

  double power_w(std::int64_t t_ns) const {
    double sum = 0;
    for (const Term& term : terms_) sum += power_of(term, t_ns);
    return sum;
  }

  double energy_j(std::int64_t t0_ns, std::int64_t t1_ns) const {
    double sum = 0;
    for (const Term& term : terms_) sum += energy_of(term, t0_ns, t1_ns);
    return sum;
  }

  double mean_w(std::int64_t t0_ns, std::int64_t t1_ns) const {
    return t1_ns == t0_ns ? power_w(t0_ns) : energy_j(t0_ns, t1_ns) / (static_cast<double>(t1_ns - t0_ns) * 1e-9);
  }

 private:
  enum class Kind { square, sine, steps };
  struct Term {
    Kind kind;
    double a, b;  // square: low, high; sine: mean, amplitude
    std::int64_t period, phase;
    std::vector<std::pair<std::int64_t, double>> points;
  };
  struct Place {
    std::int64_t period, within;
  };

  explicit Curve(Term term) : terms_{std::move(term)} {}

  static void require(bool holds, const char* what) {
    if (!holds) throw std::invalid_argument(std::string("curve: ") + what);
  }

  static double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

  static Place place_of(const Term& term, std::int64_t t) {
    const std::int64_t shifted = t + term.phase;
    std::int64_t period = shifted / term.period;
    if (shifted % term.period < 0) --period;
    return {period, shifted - period * term.period};
  }

  static double power_of(const Term& term, std::int64_t t) {
    if (term.kind == Kind::steps) {
      std::size_t i = term.points.size() - 1;
      while (i > 0 && term.points[i].first > t) --i;
      return term.points[i].second;
    }
    const Place place = place_of(term, t);
    if (term.kind == Kind::square) return place.within < term.period / 2 ? term.a : term.b;
    return term.a + term.b * std::sin(2 * std::numbers::pi * static_cast<double>(place.within) /
                                      static_cast<double>(term.period));
  }

  static double energy_of(const Term& term, std::int64_t t0, std::int64_t t1) {
    if (t1 < t0) return -energy_of(term, t1, t0);
    switch (term.kind) {
      case Kind::steps: return steps_energy(term, t0, t1);
      case Kind::square: return square_energy(term, t0, t1);
      case Kind::sine: break;
    }
    // cos a - cos b = 2 sin((a+b)/2) sin((b-a)/2): no cancellation for short spans.
    const double scale = 2 * std::numbers::pi / static_cast<double>(term.period);
    const double a = scale * static_cast<double>(place_of(term, t0).within);
    const double b = scale * static_cast<double>(place_of(term, t1).within);
    return term.a * seconds(t1 - t0) + 2 * term.b / (scale * 1e9) * std::sin((a + b) / 2) * std::sin((b - a) / 2);
  }

  static double square_energy(const Term& term, std::int64_t t0, std::int64_t t1) {
    const Place from = place_of(term, t0), to = place_of(term, t1);
    const std::int64_t half = term.period / 2;
    // Time spent high and low as whole nanoseconds: exact before the one multiplication.
    const auto high_within = [half](std::int64_t within) { return within > half ? within - half : 0; };
    const std::int64_t high = (to.period - from.period) * half + high_within(to.within) - high_within(from.within);
    return term.b * seconds(high) + term.a * seconds(t1 - t0 - high);
  }

  static double steps_energy(const Term& term, std::int64_t t0, std::int64_t t1) {
    double sum = 0;
    for (std::size_t i = 0; i < term.points.size(); ++i) {
      const std::int64_t from = i == 0 ? t0 : std::max(t0, term.points[i].first);
      const std::int64_t to = i + 1 == term.points.size() ? t1 : std::min(t1, term.points[i + 1].first);
      if (to > from) sum += term.points[i].second * seconds(to - from);
    }
    return sum;
  }

  static double number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    require(error == std::errc{} && end == text.data() + text.size(), ("not a number: " + std::string(text)).c_str());
    return value;
  }

  static std::int64_t duration(std::string_view text) {
    const auto unit = text.find_first_not_of("0123456789.-");
    require(unit != std::string_view::npos, ("a time needs a unit (ns, us, ms, s): " + std::string(text)).c_str());
    const std::string_view name = text.substr(unit);
    const double scale = name == "ns" ? 1 : name == "us" ? 1e3 : name == "ms" ? 1e6 : name == "s" ? 1e9 : 0;
    require(scale > 0, ("unknown unit of time: " + std::string(name)).c_str());
    return std::llround(number(text.substr(0, unit)) * scale);
  }

  static Curve parse_term(std::string_view text) {
    std::vector<std::string_view> parts;
    while (true) {
      const auto colon = text.find(':');
      parts.push_back(text.substr(0, colon));
      if (colon == std::string_view::npos) break;
      text.remove_prefix(colon + 1);
    }
    const std::string_view kind = parts.front();
    if (kind == "constant" && parts.size() == 2) return constant(number(parts[1]));
    if ((kind == "square" || kind == "sine") && (parts.size() == 4 || parts.size() == 5)) {
      const auto make = kind == "square" ? &Curve::square : &Curve::sine;
      return make(number(parts[1]), number(parts[2]), duration(parts[3]), parts.size() == 5 ? duration(parts[4]) : 0);
    }
    require(kind == "steps" && parts.size() >= 2, ("cannot read '" + std::string(kind) + "'").c_str());
    std::vector<std::pair<std::int64_t, double>> points;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const auto at = parts[i].find('@');
      require(at != std::string_view::npos, "steps: each point is WATTS@TIME");
      points.emplace_back(duration(parts[i].substr(at + 1)), number(parts[i].substr(0, at)));
    }
    return steps(std::move(points));
  }

  std::vector<Term> terms_;
};

}  // namespace impact::fakes
