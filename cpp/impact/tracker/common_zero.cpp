#include "impact/tracker/common_zero.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace impact {
namespace {

constexpr double kNormal95 = 1.96;
// The common counts begin here and not at 0, so that an earlier and hence smaller count stays positive.
constexpr std::int64_t kFirstShift = std::int64_t{1} << 40U;

Instant time_of(const Reading& r) noexcept { return middle(r.before, r.after); }

}  // namespace

CommonZero::CommonZero(const Channel& channel, std::vector<Instant> stops)
    : channel_(channel), stops_(std::move(stops)), distances_(stops_.size()) {}

Reading CommonZero::raised(Reading reading, std::int64_t count) {
  highest_ = std::max(highest_, count);
  reading.count = highest_;
  return reading;
}

double CommonZero::most_counts(Duration time) const noexcept {
  if (channel_.max_power.value() <= 0.0) return std::numeric_limits<double>::infinity();
  return channel_.max_power.value() * seconds(time + 2 * channel_.update_period) / channel_.scale;
}

void CommonZero::sample(Distance& d, const Reading& waiting, Instant anchor_at, Instant now, std::int64_t count) const {
  const double span = seconds(now - anchor_at);
  const double f = span > 0.0 ? seconds(time_of(waiting) - anchor_at) / span : 0.0;
  const std::int64_t between = anchor_ + std::llround(static_cast<double>(count - anchor_) * f);
  const std::int64_t distance = between - waiting.count;
  // Its counter began anew: what was known of its distance is of another zero.
  if (d.n > 0 && std::abs(static_cast<double>(distance - d.base) - d.mean) > most_counts(now - anchor_at)) {
    d.n = 0;
    d.mean = d.squares = 0.0;
  }
  if (d.n == 0) d.base = distance;
  const auto x = static_cast<double>(distance - d.base);
  const double off = x - d.mean;
  d.mean += off / static_cast<double>(++d.n);
  d.squares += off * (x - d.mean);
  d.bracket = static_cast<double>(count - anchor_);
  d.bracket_s = span;
}

std::optional<Reading> CommonZero::carry(const Reading& reading) {
  const Instant now = time_of(reading);
  const std::int64_t count = reading.count + shift_;
  if (anchor_at_ && now <= *anchor_at_) {  // it is the same reading again, or one beside it
    Reading beside = reading;
    beside.count = count;
    return beside;
  }
  if (anchor_at_ && static_cast<double>(anchor_ - count) > most_counts(now - *anchor_at_)) {
    begin_again(reading);
    anchor_ = highest_;
    anchor_at_ = now;
    return raised(reading, highest_);
  }
  for (Distance& d : distances_) {
    if (!d.waiting || !anchor_at_ || time_of(*d.waiting) > now) continue;
    if (time_of(*d.waiting) >= *anchor_at_) sample(d, *d.waiting, *anchor_at_, now, count);
    d.waiting.reset();
  }
  if (anchor_at_) {
    const double since = seconds(now - *anchor_at_);
    // Readings at edges come in between and are closer; the spacing of the sampler's own readings is wanted.
    spacing_s_ = std::max(since, 0.5 * spacing_s_);
    if (rate_ <= 0.0 || since > 10.0 * seconds(channel_.update_period)) {
      rate_ = static_cast<double>(count - anchor_) / since;
    }
  }
  anchor_ = count;
  anchor_at_ = now;
  return raised(reading, count);
}

// No record covers the time before this reading, or the carrier's counter began anew with it. One count back tells the accumulator that the growth is not known.
void CommonZero::begin_again(const Reading& first) {
  shift_ = (anchor_at_ ? highest_ - 1 : kFirstShift) - first.count;
  highest_ = first.count + shift_;
  anchor_at_.reset();
  spacing_s_ = rate_ = 0.0;
  for (Distance& d : distances_) {
    d.n = 0;
    d.mean = d.squares = 0.0;
    d.waiting.reset();
  }
}

std::optional<Reading> CommonZero::carried(std::size_t record, const Reading& reading) {
  distances_[record].live = true;
  if (!carrier_) {
    begin_again(reading);
    carrier_ = record;
  }
  if (carrier_ == record) return carry(reading);
  distances_[record].waiting = reading;
  return std::nullopt;
}

std::optional<Reading> CommonZero::at_edge(std::size_t record, const Reading& reading) {
  if (std::optional<Reading> own = carried(record, reading)) return own;
  const Distance& d = distances_[record];
  if (carrier_ == record || d.n == 0) return std::nullopt;
  Reading edge = reading;
  if (rate_ > 0.0) {
    // At the present power, a time that is uniform over this width is as uncertain as the distance is.
    const double width_s = std::sqrt(12.0) * half_width(d) / kNormal95 / rate_;
    if (width_s >= spacing_s_) return std::nullopt;
    const Duration half{std::llround(0.5e9 * width_s)};
    edge.before -= half;
    edge.after += half;
  }
  return raised(edge, reading.count + d.base + std::llround(d.mean));
}

double CommonZero::half_width(const Distance& d) const noexcept {
  const auto n = static_cast<double>(d.n);
  if (d.n == 0) return 0.0;
  if (d.n == 1) return kNormal95 * d.bracket / std::sqrt(12.0);
  const double error = std::sqrt(d.squares / (n - 1.0) / n);
  // This comes within two percent of Student's factor from the fourth sample on. The error is at least what the
  // counters' own ticks leave open.
  const double student = kNormal95 * (1.0 + 1.3 / (n - 1.0));
  const double tick = d.bracket_s > 0.0 ? d.bracket / d.bracket_s * seconds(channel_.update_period) : 0.0;
  return std::max(student * error, kNormal95 * tick / std::sqrt(6.0 * n));
}

void CommonZero::leave(std::size_t record) {
  distances_[record] = Distance{};
  if (carrier_ != record) return;
  carrier_.reset();
  for (std::size_t i = 0; i < distances_.size(); ++i) {
    if (!distances_[i].live || distances_[i].n == 0) continue;
    if (!carrier_ || stops_[i] > stops_[*carrier_]) carrier_ = i;
  }
  if (!carrier_) return;
  Distance& next = distances_[*carrier_];
  shift_ = next.base + std::llround(next.mean);
  if (anchor_at_) handovers_.push_back({*anchor_at_, half_width(next)});
  next.waiting.reset();
}

double CommonZero::half_width(Instant from, Instant to) const noexcept {
  double sum = 0.0;
  for (const HandOver& h : handovers_) {
    if (h.at >= from && h.at <= to) sum += h.half_width * h.half_width;
  }
  return std::sqrt(sum) * channel_.scale;
}

}  // namespace impact
