#include "impact/sampling/accumulator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "impact/sampling/standstill.hpp"

namespace impact {
namespace {

// A step back that implies more than this multiple of the highest power seen is a reset near the top of the range, as
// after suspending, and no wrap.
constexpr double kMostRise = 2.0;

// A wrap whose step is as much as this part away from what the rate before it gives may be a reset after all.
constexpr double kMostSurprise = 0.5;

// For so long the last power is taken to go on, beyond what a sensor lags, where no reading has followed yet.
constexpr Duration kLongestSilence = std::chrono::seconds{2};

// Whether it is a power, or an energy that is metered.
bool tells_power(const Channel& channel) noexcept { return channel.unit == Unit::watt || is_metered_energy(channel); }

// Interpolates between two positions of one channel; f beyond 0..1 extrapolates at the same rate.
Position mix(const Position& a, const Position& b, double f) noexcept {
  Position p = f < 0.5 ? a : b;
  p.value = a.value + (b.value - a.value) * f;
  p.counts = a.counts + std::llround(static_cast<double>(b.counts - a.counts) * f);
  p.gap = a.gap + Duration{std::llround(static_cast<double>((b.gap - a.gap).count()) * std::clamp(f, 0.0, 1.0))};
  p.variance = a.variance + (b.variance - a.variance) * std::clamp(f, 0.0, 1.0);
  return p;
}

// The variance of the energy between two readings of a gauge, which it did not see but for its window. Readings of a power
// that jumps about at random differ by twice its variance in the mean of the squares. One that moves slowly is known
// better than that (to a twelfth and not to a half), but two readings do not tell one from the other.
double unseen_variance(double change, Duration elapsed, Duration window) noexcept {
  const double length = seconds(elapsed);
  return 0.5 * change * change * length * std::max(length - seconds(window), 0.0);
}

}  // namespace

Accumulator::Accumulator(std::span<const Channel> channels, Duration longest_bridge)
    : channels_(channels.begin(), channels.end()), states_(channels.size()), longest_bridge_(longest_bridge) {
  for (const Channel& channel : channels_) longest_standstills_.push_back(longest_standstill(channel));
}

Instant Accumulator::effective_time(const Channel& channel, const Reading& reading) noexcept {
  return middle(reading.before, reading.after) - channel.window / 2;
}

void Accumulator::add(const Reading& reading) noexcept {
  if (reading.channel >= channels_.size()) return;
  const Channel& channel = channels_[reading.channel];
  State& state = states_[reading.channel];
  if (reading.quality == Quality::missing) {
    ++state.health.failures;
    state.failing = true;
    return;
  }
  if (state.seeded && effective_time(channel, reading) <= state.last_time) return;  // another thread was quicker
  if (channel.kind == Kind::counter && state.seeded && reading.before <= state.last_after) {
    // Two reads that overlap: the one whose middle is later may have taken its value first.
    const std::optional<std::int64_t> beside = counts_beside(channel, state, reading);
    if (beside && *beside < 0) return;
  }
  ++state.health.readings;
  if (channel.kind == Kind::counter) {
    add_counter(channel, state, reading);
  } else {
    add_gauge(channel, state, reading);
  }
  state.failing = false;
}

void Accumulator::suspended(const Suspension& suspension) noexcept {
  for (std::size_t c = 0; c < channels_.size(); ++c) {
    State& state = states_[c];
    // A reading that began after the sleep came from another record of the machine.
    if (!is_metered_energy(channels_[c]) || !state.seeded || state.last_before >= suspension.to) continue;
    if (state.sleep) {
      state.sleep->to = std::max(state.sleep->to, suspension.to);
    } else {
      state.sleep = suspension;
    }
  }
}

bool Accumulator::is_across_sleep(const State& state, const Reading& reading) noexcept {
  return state.sleep && state.last_before <= state.sleep->from && reading.after > state.sleep->from;
}

bool Accumulator::may_be_across_sleep(const State& state, const Reading& reading) noexcept {
  return state.sleep && state.last_before < state.sleep->to && reading.after > state.sleep->from;
}

std::optional<std::int64_t> Accumulator::counts_beside(const Channel& channel, const State& state,
                                                       const Reading& reading) noexcept {
  const auto raw = static_cast<std::uint64_t>(reading.count);
  std::uint64_t forward = raw - state.last_raw;
  std::uint64_t back = state.last_raw - raw;
  if (channel.range != 0) {
    if (raw < state.last_raw) forward += channel.range;
    if (raw > state.last_raw) back += channel.range;
  }
  const std::uint64_t shorter = std::min(forward, back);
  const Duration span = std::max(reading.after, state.last_after) - std::min(reading.before, state.last_before) +
                        2 * channel.update_period + 4 * channel.tick_jitter;
  const double most = channel.max_power.value() * seconds(span) / channel.scale;
  if (most > 0.0 && static_cast<double>(shorter) > most) return std::nullopt;
  return forward <= back ? static_cast<std::int64_t>(forward) : -static_cast<std::int64_t>(back);
}

Accumulator::Step Accumulator::step_to(const Channel& channel, const State& state,
                                       const Reading& reading) const noexcept {
  const auto raw = static_cast<std::uint64_t>(reading.count);
  const bool has_to_move = longest_standstills_[reading.channel] != Duration::max();
  // The longest time over which the energy of this step can have come in: the last value may be a tick old.
  const Duration elapsed = reading.after - state.last_before + 2 * channel.update_period + 4 * channel.tick_jitter;
  const double most = channel.max_power.value() > 0.0 ? channel.max_power.value() * seconds(elapsed) / channel.scale
                                                      : std::numeric_limits<double>::infinity();
  const bool back = raw < state.last_raw;
  if (is_across_sleep(state, reading) || (back && may_be_across_sleep(state, reading)))
    return {Step::Kind::reset, 0, 0.0};
  if (back && (channel.range == 0 || state.last_raw >= channel.range)) return {Step::Kind::reset, 0, 0.0};
  const std::uint64_t delta = back ? raw + (channel.range - state.last_raw) : raw - state.last_raw;
  const auto least = static_cast<double>(delta);
  const Duration stood = state.last_before - state.since_after;  // below 0 where the last reading brought a new value
  if (has_to_move && delta != 0 && stood > Duration{0} && stood > longest_lag(channel, state.rate)) {
    return step_after_standstill(channel, state, reading, delta, most);
  }
  if (least > most) return {Step::Kind::reset, 0, 0.0};
  const bool is_judged = has_to_move && (back || may_be_across_sleep(state, reading));
  if (is_judged && state.last.peak > 0.0 && least * channel.scale > kMostRise * state.last.peak * seconds(elapsed)) {
    return {Step::Kind::reset, 0, 0.0};
  }
  const auto range = static_cast<double>(channel.range);
  if (channel.range != 0 && std::isfinite(most) && least + range <= most) {
    const double expected = state.rate * seconds(reading.after - state.last_before);
    const double possible = std::floor((most - least) / range);
    const double turns = std::clamp(std::round((expected - least) / range), 0.0, possible);
    return {Step::Kind::ambiguous, static_cast<std::int64_t>(delta + static_cast<std::uint64_t>(turns) * channel.range),
            range * channel.scale};
  }
  if (has_to_move && delta == 0) return {Step::Kind::stands, 0, 0.0};
  if (back && has_to_move) return wrapped(channel, state, reading, delta);
  return {back ? Step::Kind::wrap : Step::Kind::plain, static_cast<std::int64_t>(delta), 0.0};
}

// The counter may also have been set to 0, by a driver that was loaded again for instance: then the step is not what flowed,
// which was about what the rate before it gives.
Accumulator::Step Accumulator::wrapped(const Channel& channel, const State& state, const Reading& reading,
                                       std::uint64_t delta) noexcept {
  const auto counts = static_cast<double>(delta);
  const double expected = state.rate * seconds(effective_time(channel, reading) - state.last_time);
  const double surprise = std::abs(counts - expected);
  const bool is_likely = surprise <= kMostSurprise * expected + 2.0;
  return {Step::Kind::wrap, static_cast<std::int64_t>(delta), is_likely ? 0.0 : surprise * channel.scale};
}

Accumulator::Step Accumulator::step_after_standstill(const Channel& channel, const State& state, const Reading& reading,
                                                     std::uint64_t delta, double most) noexcept {
  const auto counts = static_cast<std::int64_t>(delta);
  const auto least = static_cast<double>(delta);
  const double longer = seconds(state.last_before - state.since_before);
  const double most_since = most + channel.max_power.value() * longer / channel.scale;
  if (least > most_since) return {Step::Kind::reset, 0, 0.0};
  if (least > most) return {Step::Kind::late, counts, 0.0};
  const double expected = state.rate * seconds(effective_time(channel, reading) - state.since);
  if (state.rate > 0.0 && least >= 0.5 * expected) return {Step::Kind::maybe_late, counts, 0.0};
  return {Step::Kind::lost, counts, 0.0};
}

Position Accumulator::after_step(const Channel& channel, const State& state, const Reading& reading,
                                 const Step& step) const noexcept {
  const Instant time = effective_time(channel, reading);
  Position position = state.last;
  position.counts += step.counts;
  position.value = static_cast<double>(position.counts) * channel.scale;
  position.ambiguity += step.ambiguity;
  position.behind = Duration{0};
  switch (step.kind) {
    case Step::Kind::plain:
    case Step::Kind::wrap: break;
    case Step::Kind::ambiguous: ++position.ambiguous; break;
    case Step::Kind::reset: position.gap += time - state.last_time; break;
    case Step::Kind::stands: {
      const Duration stood = reading.before - state.since_after;
      if (stood > longest_standstills_[reading.channel]) {
        const Duration more = time - (state.still ? state.last_time : state.since);
        position.gap += more;
        position.still += more;
        // It may have stopped at any time after the reading before the first one with this value.
        if (!state.still) position.doubtful += state.since - state.since_from + longest_lag(channel, state.rate);
      } else if (stood > Duration{0} && stood > longest_lag(channel, state.rate)) {
        position.behind = time - state.since_from;
      }
      break;
    }
    case Step::Kind::late:
    case Step::Kind::maybe_late:
    case Step::Kind::lost: end_standstill(channel, state, step, time, position); break;
  }
  return position;
}

// A standstill that was no gap yet leaves its time in doubt. One that was stays a gap, unless the step brought all of
// its energy: then it was a late update.
void Accumulator::end_standstill(const Channel& channel, const State& state, const Step& step, Instant time,
                                 Position& position) noexcept {
  const bool lost = step.kind == Step::Kind::lost;
  if (state.still && lost) {
    position.doubtful += time - state.last_time;
    position.ambiguity += static_cast<double>(step.counts) * channel.scale;
  } else if (state.still) {
    position.gap -= state.last_time - state.since;
    position.still -= state.last_time - state.since;
    position.doubtful += time - state.since;
  } else if (step.kind != Step::Kind::late) {
    position.doubtful += time - state.since_from;
  }
}

void Accumulator::learn(const Channel& channel, const Step& step, Duration elapsed, State& state) noexcept {
  switch (step.kind) {
    case Step::Kind::reset: ++state.health.resets; return;
    case Step::Kind::ambiguous: ++state.health.ambiguous; return;
    case Step::Kind::stands:
    case Step::Kind::lost: return;
    case Step::Kind::wrap: ++state.health.wraps; break;
    default: break;
  }
  if (elapsed > channel.update_period) state.rate = static_cast<double>(step.counts) / seconds(elapsed);
  state.last.peak = std::max(state.last.peak, state.rate * channel.scale);
}

void Accumulator::add_counter(const Channel& channel, State& state, const Reading& reading) noexcept {
  const Instant time = effective_time(channel, reading);
  bool is_new_value = true;
  if (!state.seeded) {
    state.seeded = true;
    state.last_time = state.previous_time = time;
  } else {
    const bool has_to_move = longest_standstills_[reading.channel] != Duration::max();
    const Step step = step_to(channel, state, reading);
    const Position position = after_step(channel, state, reading, step);
    state.health.gap += position.gap - state.last.gap;
    state.previous = state.last;
    state.previous_time = state.last_time;
    state.last = position;
    learn(channel, step, time - (has_to_move ? state.since : state.last_time), state);
    is_new_value = step.kind != Step::Kind::stands;
    const bool still = position.still > state.previous.still;
    state.health.standstills += still && !state.still ? 1 : 0;
    state.still = still;
  }
  if (is_new_value) {
    state.since_from = state.last_time;
    state.since = time;
    state.since_before = reading.before;
    state.since_after = reading.after;
  }
  if (state.sleep && reading.before >= state.sleep->to) state.sleep.reset();
  state.last_raw = static_cast<std::uint64_t>(reading.count);
  state.last_before = reading.before;
  state.last_after = reading.after;
  state.last_time = time;
}

void Accumulator::add_gauge(const Channel& channel, State& state, const Reading& reading) noexcept {
  const Instant time = effective_time(channel, reading);
  const double value = static_cast<double>(reading.count) * channel.scale;
  if (!state.seeded) {
    state.seeded = true;
    state.previous_time = time;
  } else {
    const Duration elapsed = time - state.last_time;
    state.previous = state.last;
    state.previous_time = state.last_time;
    if (state.failing || elapsed > std::max(longest_bridge_, 3 * channel.update_period)) {
      state.last.gap += elapsed;
      state.health.gap += elapsed;
    } else {
      state.last.value += 0.5 * (state.last_gauge + value) * seconds(elapsed);
      state.last.variance += unseen_variance(value - state.last_gauge, elapsed, channel.window);
    }
  }
  state.previous_gauge = state.last_gauge;
  state.last_gauge = value;
  state.last_time = time;
}

std::optional<Position> Accumulator::at(const Reading& reading) const noexcept {
  if (reading.channel >= channels_.size() || reading.quality == Quality::missing) return std::nullopt;
  const Channel& channel = channels_[reading.channel];
  const State& state = states_[reading.channel];
  if (!state.seeded || channel.kind != Kind::counter) return std::nullopt;
  if (effective_time(channel, reading) > state.last_time && reading.before > state.last_after) {
    const Step step = step_to(channel, state, reading);
    if (step.kind == Step::Kind::reset) return std::nullopt;
    return after_step(channel, state, reading, step);
  }
  const std::optional<std::int64_t> counts = counts_beside(channel, state, reading);
  if (!counts) return std::nullopt;
  Position position = state.last;
  position.counts += *counts;
  position.value = static_cast<double>(position.counts) * channel.scale;
  return position;
}

std::optional<Position> Accumulator::at(std::uint32_t channel, Instant t) const noexcept {
  const State& state = states_[channel];
  if (!state.seeded) return std::nullopt;
  const Duration late = state.last_time - t;
  const Duration longest = std::max(longest_bridge_, 3 * channels_[channel].update_period);
  const bool is_first = state.health.readings == 1;
  // A read that hangs does not fail: what a device drew meanwhile is not known either.
  const Duration lag = channels_[channel].window + channels_[channel].latency;
  const bool is_silent = tells_power(channels_[channel]) && -late > std::max(longest, kLongestSilence) + lag;
  const bool is_lost = (state.failing && -late > longest) || is_silent;
  const bool is_without_rate = is_first && late < Duration{0} && is_metered_energy(channels_[channel]);
  if ((is_first && late > longest) || is_lost || is_without_rate) {
    Position position = state.last;
    position.is_only = is_first;
    position.gap -=
        late;  // a sensor that came late tells nothing of the time before, and one that is lost, of that after
    return position;
  }
  if (channels_[channel].kind == Kind::gauge && (t > state.last_time || state.health.readings == 1)) {
    Position position = state.last;  // hold the last value, forwards or (with a single reading) backwards
    position.value += state.last_gauge * seconds(t - state.last_time);
    return position;
  }
  const Duration length = state.last_time - state.previous_time;
  if (length <= Duration{0}) return state.last;
  const double f = seconds(t - state.previous_time) / seconds(length);
  Position position = mix(state.previous, state.last, f);
  if (channels_[channel].kind == Kind::gauge && state.last.gap == state.previous.gap) {
    const double x = seconds(t - state.previous_time);
    const double slope = (state.last_gauge - state.previous_gauge) / seconds(length);
    const double inside = f < 0.0 ? state.previous_gauge * x : state.previous_gauge * x + 0.5 * slope * x * x;
    position.value = state.previous.value + inside;
  }
  return position;
}

std::optional<Instant> Accumulator::last_time(std::uint32_t channel) const noexcept {
  const State& state = states_[channel];
  if (!state.seeded) return std::nullopt;
  return state.last_time;
}

std::optional<Instant> Accumulator::previous_time(std::uint32_t channel) const noexcept {
  const State& state = states_[channel];
  if (!state.seeded) return std::nullopt;
  return state.previous_time;
}

}  // namespace impact
