#include "impact/record/format.hpp"

#include <algorithm>

namespace impact {
namespace {

constexpr std::int64_t kMicrosecond = 1000;

std::int64_t round_down(std::int64_t ns) noexcept {
  const std::int64_t rest = ns % kMicrosecond;
  return ns - (rest < 0 ? rest + kMicrosecond : rest);
}

std::int64_t round_up(std::int64_t ns) noexcept { return -round_down(-ns); }

}  // namespace

std::optional<std::int64_t> nanoseconds_after(Instant start, Instant t) noexcept {
  std::int64_t ns = 0;
  if (__builtin_sub_overflow(nanoseconds(t), nanoseconds(start), &ns)) return std::nullopt;
  if (ns > kMaxTimeNs || ns < -kMaxTimeNs) return std::nullopt;
  return ns;
}

Reading quantised(Reading reading, Instant record_start) noexcept {
  const auto before = nanoseconds_after(record_start, reading.before);
  const auto after = nanoseconds_after(record_start, reading.after);
  if (!before || !after) return reading;  // the writer refuses it
  reading.before = record_start + Duration{round_down(*before)};
  reading.after = record_start + Duration{round_up(std::max(*before, *after))};
  return reading;
}

namespace {

// A sensor's ring or a late series gives one channel several readings, each at its own time; slow answers come one after
// the other.
bool have_times_of_their_own(std::span<const Reading> round) noexcept {
  constexpr Duration kTakenTogether = std::chrono::milliseconds{50};
  Instant first = round.front().before, last = round.front().after;
  for (std::size_t i = 0; i < round.size(); ++i) {
    if (i > 0 && round[i].channel <= round[i - 1].channel) return true;
    first = std::min(first, round[i].before);
    last = std::max(last, round[i].after);
  }
  const auto between = nanoseconds_after(first, last);
  return round.size() > 1 && (!between || Duration{*between} > kTakenTogether);
}

}  // namespace

void quantise(std::span<Reading> round, Instant record_start) noexcept {
  if (round.empty()) return;
  if (have_times_of_their_own(round)) {
    for (Reading& reading : round) reading = quantised(reading, record_start);
    return;
  }
  Reading whole = round.front();
  for (const Reading& reading : round) {
    whole.before = std::min(whole.before, reading.before);
    whole.after = std::max(whole.after, reading.after);
  }
  whole = quantised(whole, record_start);
  for (Reading& reading : round) {
    reading.before = whole.before;
    reading.after = whole.after;
  }
}

}  // namespace impact
