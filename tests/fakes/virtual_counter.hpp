// A counter that is read in virtual time: calibration tests drive a tracker through thousands of regions in
// milliseconds.
//
//   VirtualCounter counter{Curve::parse("square:20:180:50ms"), {.jitter_ns = 20'000}, {.delay_min_ns = 500,
//   .delay_max_ns = 5'000}}; std::int64_t now = 0;                       // the one clock of the test, ns; every read
//   moves it on const CounterRead a = counter.read(now);    // a.before_ns, a.after_ns, a.raw now += 10'000'000; // the
//   body of the region const CounterRead b = counter.read(now); counter.truth_j(a.after_ns, b.before_ns);   // what the
//   region really used
//
// Seeded, hence the same sequence on every machine. Not for several threads at once.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fakes/curve.hpp"
#include "fakes/random.hpp"
#include "fakes/ticking_counter.hpp"

namespace impact::fakes {

struct ReadModel {
  std::int64_t delay_min_ns = 500;    ///< a read takes uniformly between these two; the value is taken at a
  std::int64_t delay_max_ns = 500;    ///< uniformly drawn moment inside
  std::vector<Window> failures = {};  ///< a value taken in here is not there: EIO
  std::vector<Window> stalls = {};    ///< the machine stands still: whoever reads in here goes on at its end
  std::uint64_t seed = 2;
};

struct CounterRead {
  std::int64_t before_ns = 0, after_ns = 0;  ///< the clock before and after the read
  std::optional<std::uint64_t> raw;          ///< counts, wrapped; absent: the read failed
};

class VirtualCounter {
 public:
  explicit VirtualCounter(Curve curve, TickModel ticks = {}, ReadModel reads = {})
      : counter_{std::move(curve), std::move(ticks)}, reads_{std::move(reads)}, random_{reads_.seed} {
    if (reads_.delay_min_ns < 0 || reads_.delay_max_ns < reads_.delay_min_ns)
      throw std::invalid_argument("virtual counter: read delays must be 0 <= min <= max");
  }

  const TickingCounter& counter() const { return counter_; }

  /// Reads at now_ns and moves now_ns to the end of the read.
  CounterRead read(std::int64_t& now_ns) {
    CounterRead result{.before_ns = now_ns, .after_ns = 0, .raw = {}};
    const std::int64_t delay = random_.between(reads_.delay_min_ns, reads_.delay_max_ns);
    const std::int64_t until_taken = random_.between(0, delay);
    const std::int64_t taken = pass(now_ns, until_taken);
    now_ns = result.after_ns = pass(taken, delay - until_taken);
    for (const Window& window : reads_.failures)
      if (window.holds(taken)) return result;
    result.raw = counter_.raw_at(taken);
    return result;
  }

  /// Joules that the curve really used in [t0, t1].
  double truth_j(std::int64_t t0_ns, std::int64_t t1_ns) const { return counter_.curve().energy_j(t0_ns, t1_ns); }

  /// The clock after work of work_ns that begins at now: stalls on the way are added.
  std::int64_t pass(std::int64_t now, std::int64_t work_ns) const {
    for (const Window& stall : reads_.stalls) {
      if (stall.holds(now))
        now = stall.end_ns;
      else if (now < stall.begin_ns && now + work_ns > stall.begin_ns)
        now += stall.end_ns - stall.begin_ns;
    }
    return now + work_ns;
  }

 private:
  TickingCounter counter_;
  ReadModel reads_;
  Random random_;
};

}  // namespace impact::fakes
