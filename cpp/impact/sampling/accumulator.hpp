#pragma once
// What every channel has accumulated: counters are differenced (wraps undone; resets, standstills and gaps kept apart),
// gauges are integrated by the trapezoid rule on the readings' own times. Pure: no clock, no I/O, no lock.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "impact/core/channel.hpp"
#include "impact/core/reading.hpp"
#include "impact/core/suspension.hpp"

namespace impact {

// Where a channel stands at an instant. Only differences of two positions mean anything.
struct Position {
  double value = 0.0;           // counter: unit; gauge: unit x seconds, over the covered time
  std::int64_t counts = 0;      // counter: the exact unwrapped count
  Duration gap{0};              // time that no reading covers, up to here
  double ambiguity = 0.0;       // half-width of what ambiguous wraps and late steps may have added, in the unit
  std::uint32_t ambiguous = 0;  // how often more than one wrap was possible
  Duration still{0};            // of the gap: time over which the counter stood still
  Duration doubtful{0};         // covered time whose energy the counter may have lost or taken over late
  Duration behind{0};           // how long, right here, the counter may have been late already; 0 where that is a gap
  bool is_only = false;         // one reading of the channel was known up to here
  double peak = 0.0;            // highest rate that was seen up to here, in the unit per second
  double variance = 0.0;        // gauge: of `value`, as its power was seen at the readings alone and not in between
};

struct ChannelHealth {
  std::uint64_t readings = 0;
  std::uint64_t failures = 0;  // readings that were missing
  std::uint64_t wraps = 0;
  std::uint64_t resets = 0;  // steps that no plausible power explains or that lie across a sleep: the time is a gap
  std::uint64_t ambiguous = 0;
  std::uint64_t standstills = 0;  // how often the counter of a device that draws power stood still
  Duration gap{0};
};

class Accumulator {
 public:
  // `longest_bridge`: two readings of a gauge further apart than this leave a gap between them.
  Accumulator(std::span<const Channel> channels, Duration longest_bridge);

  void add(const Reading& reading) noexcept;

  // The machine slept: an energy counter's step across it tells nothing of the time awake, and is a reset.
  void suspended(const Suspension& suspension) noexcept;

  // Where the channel stands (or stood) at this reading of it, which need not be added: nullopt for a missing reading,
  // a channel without any, or a counter that was reset between. Counters only.
  std::optional<Position> at(const Reading& reading) const noexcept;

  // Where the channel stood at `t` in its last segment (counters and the power of gauges interpolated linearly); before its first reading and after its
  // last one the nearest power (or rate) is held; further before its first reading than two readings may lie apart, that
  // time is a gap, and so is the time after its last one that far on, where reads have failed since; where they neither
  // failed nor came (one hangs), so is that after two seconds of a power or an energy that is metered. An energy counter
  // that was read once has no rate: all time after that reading is a gap. nullopt without readings. Exact only for t
  // within the last segment.
  std::optional<Position> at(std::uint32_t channel, Instant t) const noexcept;

  // The effective time of the channel's last reading (a gauge that averages counts at the middle of its window).
  std::optional<Instant> last_time(std::uint32_t channel) const noexcept;

  // Where its last segment begins: the time of the reading before the last (the last one's, where it is the only one).
  std::optional<Instant> previous_time(std::uint32_t channel) const noexcept;

  // What a counter grew by per second over its last segment that was sure, in its unit; 0 where that is not known.
  double rate(std::uint32_t channel) const noexcept { return states_[channel].rate * channels_[channel].scale; }

  const ChannelHealth& health(std::uint32_t channel) const noexcept { return states_[channel].health; }

 private:
  struct State {
    bool seeded = false;
    bool failing = false;  // a missing reading since the last good one
    std::uint64_t last_raw = 0;
    Instant last_before{};
    Instant last_after{};
    Instant last_time{};
    Instant previous_time{};
    Position last;
    Position previous;
    double last_gauge = 0.0;  // value of a gauge at last_time, and at previous_time
    double previous_gauge = 0.0;
    double rate = 0.0;  // counter: counts per second over the last segment that was sure
    // Of a counter: the first reading with its present value, and the reading before that one.
    Instant since_before{};
    Instant since_after{};
    Instant since{};
    Instant since_from{};
    bool still = false;               // it has stood for longer than a device that draws power lets it
    std::optional<Suspension> sleep;  // since the last reading, or at that time
    ChannelHealth health;
  };
  struct Step {
    enum class Kind {
      plain,
      wrap,
      ambiguous,
      reset,
      stands,      // the value is the same, of a counter that has to move
      late,        // after a standstill, with all the energy of it
      maybe_late,  // the same, but a higher power since then explains the step too
      lost,        // after a standstill, without its energy
    } kind = Kind::plain;
    std::int64_t counts = 0;
    double ambiguity = 0.0;
  };

  void add_counter(const Channel&, State&, const Reading&) noexcept;
  void add_gauge(const Channel&, State&, const Reading&) noexcept;
  // Counts from the last reading to one that was taken before or during it: the shorter way round, either direction.
  static std::optional<std::int64_t> counts_beside(const Channel&, const State&, const Reading&) noexcept;
  Step step_to(const Channel&, const State&, const Reading&) const noexcept;
  // The same for the first step after a standstill of `delta` counts.
  static Step step_after_standstill(const Channel&, const State&, const Reading&, std::uint64_t delta,
                                    double most) noexcept;
  // A step back that is no more than the power may be; how far it is from what was expected is in its ambiguity.
  static Step wrapped(const Channel&, const State&, const Reading&, std::uint64_t delta) noexcept;
  // Whether the step to this reading lies across a sleep, or may do so.
  static bool is_across_sleep(const State&, const Reading&) noexcept;
  static bool may_be_across_sleep(const State&, const Reading&) noexcept;
  // Where the channel stands after this step.
  Position after_step(const Channel&, const State&, const Reading&, const Step&) const noexcept;
  static void end_standstill(const Channel&, const State&, const Step&, Instant time, Position& position) noexcept;
  // Keeps what a step of this length says of the channel's rate and health.
  static void learn(const Channel&, const Step&, Duration elapsed, State&) noexcept;
  static Instant effective_time(const Channel&, const Reading&) noexcept;

  std::vector<Channel> channels_;
  std::vector<State> states_;
  std::vector<Duration> longest_standstills_;  // by channel
  Duration longest_bridge_;
};

}  // namespace impact
