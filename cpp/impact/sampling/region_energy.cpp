#include "impact/sampling/region_energy.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "impact/sampling/standstill.hpp"

namespace impact {
namespace {

constexpr double kNormal95 = 1.96;

// A plain edge does not know the power at its instant, only the region's mean. Loads that swing between almost nothing
// and twice their mean (the square and the sine of the calibration) are held at 95 % by this multiple of the mean.
constexpr double kPlainSwing = 1.9;

// Half-width at 95 % of the difference of two uniform lags, in update periods.
constexpr double kTriangular95 = 0.776;

// A tick is taken to tell the power up to here from it: later than this it comes only where the machine has more to do
// than processors, and a read or the region's thread is held up.
constexpr double kTickReachS = 0.002;

// Inside one tick the power moves too; per tick it is taken to drift by this part of itself (one standard deviation).
constexpr double kTickDrift = 0.045;

double square(double x) noexcept { return x * x; }

// The variance of the energy between a tick and the region's edge, which is x seconds away.
double carried_variance(const Channel& channel, const EdgePoint& point, double x) noexcept {
  const double power = std::abs(point.local_power);
  const double length_error = std::sqrt(2.0 / 3.0) * seconds(channel.tick_jitter) / point.tick_s;
  const double inside = x < point.tick_s ? x * (point.tick_s - x) / point.tick_s : x - point.tick_s;
  return square(power * point.spread_s) + square(power * x * length_error) + square(power * 4 * kTickDrift * inside);
}

double seconds_between(Instant a, Instant b) noexcept { return seconds(b - a); }

void finish(const Channel& channel, const Position& enter, const Position& exit, Instant start, Instant stop,
            ChannelResult& result) {
  const Duration length = stop - start;
  const Duration gap = exit.gap - enter.gap;
  result.coverage = length > Duration{0} ? std::clamp(1.0 - seconds(gap) / seconds(length), 0.0, 1.0) : 1.0;
  result.quality = channel.quality;
  if (exit.ambiguous != enter.ambiguous) result.quality = worst(result.quality, Quality::estimated);
  result.half_width += std::max(0.0, exit.ambiguity - enter.ambiguity);
  result.still = std::clamp(exit.still - enter.still, Duration{0}, std::max(length, Duration{0}));
  const Duration doubtful = exit.doubtful - enter.doubtful + enter.behind + exit.behind;
  if (doubtful > Duration{0}) result.half_width += exit.peak * seconds(doubtful);
  result.bias = channel.relative_error * std::abs(result.value);
}

// Whether nothing of the region was read: no growth of a counter that stood still there is no zero.
bool is_unread(const Position& enter, const Position& exit, const ChannelResult& result) noexcept {
  return result.coverage <= 0.0 || (result.still > Duration{0} && exit.counts == enter.counts);
}

void leave_out(ChannelResult& result) noexcept {
  result.coverage = 0.0;
  result.quality = Quality::missing;
  result.value = result.half_width = std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::optional<EdgePoint> edge_point(const Channel& channel, const EdgeReading& edge, const Accumulator& accumulator) {
  EdgePoint point;
  if (!edge.ticked) {
    const std::optional<Position> position = accumulator.at(edge.first);
    if (!position) return std::nullopt;
    point.position = *position;
    point.time = middle(edge.first.before, edge.first.after) - channel.update_period / 2;
    point.spread_s =
        std::hypot(seconds(channel.update_period), seconds(edge.first.after - edge.first.before)) / std::sqrt(12.0);
    return point;
  }
  const std::optional<Position> position = accumulator.at(edge.tick());
  if (!position) return std::nullopt;
  // Where the machine stood still and the read came long after the tick, the counter moved a period before it at most.
  const Instant earliest = std::max(edge.tick_lo, edge.tick_hi - channel.update_period);
  const Duration between = edge.tick_hi - edge.tick_lo;
  point.position = *position;
  point.time = middle(earliest, edge.tick_hi);
  // The time lies between the middles of two reads, and each read saw the counter at some instant of its own duration.
  point.spread_s = std::hypot(seconds(edge.tick_hi - earliest), seconds(edge.tick_read)) / std::sqrt(12.0);
  point.ticked = true;
  point.tick_s = seconds(std::max(channel.update_period, between));
  std::uint64_t step = static_cast<std::uint64_t>(edge.tick_count) - static_cast<std::uint64_t>(edge.old_count);
  if (channel.range != 0 && static_cast<std::uint64_t>(edge.tick_count) < static_cast<std::uint64_t>(edge.old_count)) {
    step += channel.range;
  }
  point.local_power = static_cast<double>(step) * channel.scale / point.tick_s;
  return point;
}

std::optional<EdgePoint> bridged_point(std::uint32_t channel, Instant edge, const Accumulator& accumulator) {
  const std::optional<Instant> last = accumulator.last_time(channel);
  const std::optional<Instant> previous = accumulator.previous_time(channel);
  if (!last || !previous) return std::nullopt;
  const Instant known = std::clamp(edge, *previous, *last);
  EdgePoint point;
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): it is set wherever this is reached, which the check cannot see
  point.position = *accumulator.at(channel, known);
  point.position.gap += edge - known;  // before the first reading it counts backwards: the gap lies after the edge
  point.time = edge;
  point.spread_s = known == edge ? seconds(*last - *previous) / std::sqrt(12.0) : 0.0;
  return point;
}

ChannelResult counter_energy(const Channel& channel, const EdgePoint& enter, const EdgePoint& exit, Instant start,
                             Instant stop, double recent_power) {
  ChannelResult result;
  const double between = channel.scale * static_cast<double>(exit.position.counts - enter.position.counts);
  const double apart = seconds_between(enter.time, exit.time);
  const double period = seconds(channel.update_period);
  double mean = apart > 0.0 ? between / apart : 0.0;
  if (apart < 2.0 * period && !(enter.ticked && exit.ticked)) mean = recent_power > 0.0 ? recent_power : mean;

  const double power_in = enter.ticked ? enter.local_power : mean;
  const double power_out = exit.ticked ? exit.local_power : mean;
  const double x_in = seconds_between(enter.time, start);
  const double x_out = seconds_between(stop, exit.time);
  result.value = between - power_in * x_in - power_out * x_out;
  const double length = seconds_between(start, stop);
  const bool shorter_than_tick = length < period && !(enter.ticked && exit.ticked);
  // A counter that is late shows no growth at all: that is no zero. Nor is it where what is metered draws power all the
  // time, and its counter moves more slowly than its kind is known to.
  const bool has_to_grow = must_move(channel) && !(enter.ticked && exit.ticked);
  const bool is_late =
      exit.position.counts == enter.position.counts && (exit.position.behind > Duration{0} || has_to_grow);
  if (is_late) mean = recent_power;
  const bool estimates = shorter_than_tick || is_late;
  if (estimates) result.value = mean * length;

  const double swing = kPlainSwing * std::max(std::abs(mean), recent_power);
  double variance = square(channel.scale) / 6.0;  // the count itself is rounded at both edges
  double plain = 0.0;
  for (const EdgePoint* point : {&enter, &exit}) {
    const double x = std::abs(point == &enter ? x_in : x_out);
    if (point->ticked) {
      variance += carried_variance(channel, *point, x);
      plain += square(swing) * square(std::max(0.0, x - std::max(kTickReachS, 2.0 * period))) / 12;
    } else {
      // Over more than the counter's lag, the mean power is no longer the power at the edge.
      plain += square(swing) * (square(point->spread_s) + square(std::max(0.0, x - period)) / 12);
    }
  }
  // Two uniform lags make a triangle, whose 95 % lie nearer than a normal's of the same variance.
  const double triangle = kTriangular95 * std::sqrt(6.0);
  result.half_width = std::sqrt(square(kNormal95) * variance + square(triangle) * plain);
  result.ticked = enter.ticked && exit.ticked;
  finish(channel, enter.position, exit.position, start, stop, result);
  if (estimates && mean > 0.0) result.quality = worst(result.quality, Quality::estimated);
  if (estimates && mean <= 0.0) {
    result.quality = Quality::missing;
    result.value = result.half_width = std::numeric_limits<double>::quiet_NaN();
  }
  if (is_late && mean <= 0.0) {
    result.still = std::max(stop - start, Duration{0});
    leave_out(result);
  }
  if (is_unread(enter.position, exit.position, result)) leave_out(result);
  return result;
}

ChannelResult sampled_energy(const Channel& channel, const Position& enter, const Position& exit, Instant start,
                             Instant stop, Duration spacing) {
  ChannelResult result;
  const double length = seconds_between(start, stop);
  const double growth = exit.value - enter.value;
  const double covered = length - seconds(exit.gap - enter.gap);
  const double mean = covered > 0.0 ? growth / covered : std::numeric_limits<double>::quiet_NaN();
  const bool energy = channel.unit == Unit::watt || channel.unit == Unit::joule;
  result.value = energy || channel.kind == Kind::counter ? growth : mean;
  // At either edge the power is known as a mean over the spacing of two samples only.
  const double spread = std::max(seconds(spacing), seconds(channel.update_period)) / std::sqrt(12.0);
  const double edge = kNormal95 * kPlainSwing * std::sqrt(2.0) * std::abs(mean) * std::min(spread, length);
  const double between = kNormal95 * std::sqrt(std::max(exit.variance - enter.variance, 0.0));
  const double half = std::hypot(edge, between);
  result.half_width = energy ? half : (length > 0.0 ? half / length : std::numeric_limits<double>::quiet_NaN());
  finish(channel, enter, exit, start, stop, result);
  // A counter of which one reading is known shows no growth up to there either, and one that has to move did not show
  // it. One that may rest did so over the time that was read, whatever lies beside it.
  const bool is_mute = exit.is_only || must_move(channel);
  const bool is_without_growth =
      is_mute && is_metered_energy(channel) && exit.counts == enter.counts && exit.gap > enter.gap;
  if (is_without_growth || is_unread(enter, exit, result)) leave_out(result);
  return result;
}

}  // namespace impact
