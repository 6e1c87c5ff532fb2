#pragma once
// Version 1 of the record: JSON Lines, so that any tool reads it; rows are arrays, so that a day is read in a second.
//
//   {"format":"impact-tracker-record","version":1,…}   line 1, the header (record/header.cpp has its keys)
//   ["k",g,t,w,v0,v1,…]     key row of group g: t microseconds after the start, w microseconds wide, absolute counts;
//                           the first of a group, each 600th, and the next one after a loss
//   [dt,w,d0,d1,…]          row of group 0: dt after the group's last row; counters as differences to their last count
//   [-g,dt,w,d0,d1,…]       row of group g > 0                  (modulo 2^64, signed), gauges absolute
//   ["s",c,t,w,v]           one reading of channel c outside a round; [… ,q] where its quality is not the channel's
//   {"m":"enter","r":1,"p":0,"n":"train","edges":"tick","v":[[c,q,count,before,width,old,tick,lo,hi-lo,read],…],"at":…}
//                           mark: times are nanoseconds after the start. The last five numbers stand only where a tick
//                           came; `read` says how long the read that saw it took, and stands since version 0.1. p, n
//                           and edges stand only where they are not 0, "" and "plain"
//   {"e":"note",…}          a remark
//   {"e":"totals",…}        the last line of a record that was ended in order
//
// A count is null where it is missing: the next difference is to the last one present in the rows since the key row,
// or to 0. Where a reading of a row has another quality than its channel, or other times than the row, its count is
// [count,q] or [count,q,before - t,width]. q: 0 measured, 1 modelled, 2 estimated, 3 stale, 4 missing.
// A counter's absolute count is unsigned, a gauge's signed. Objects of an unknown "m" or "e" are passed over, so that
// version 1 may get further kinds; arrays are as above or damage, as rows build on each other. A damaged line is passed
// over, and with it the rows that build on what it may have held: at most those up to the key row of their group.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "impact/core/reading.hpp"
#include "impact/core/time.hpp"

namespace impact {

inline constexpr std::string_view kRecordFormat = "impact-tracker-record";
inline constexpr int kRecordVersion = 1;
inline constexpr std::uint32_t kRowsPerKey = 600;
inline constexpr std::size_t kMaxLineBytes = std::size_t{8} << 20U;    // a longer line is damage
inline constexpr std::int64_t kMaxTimeNs = 4'000'000'000'000'000'000;  // of a start, and of a time after it: 126 years
inline constexpr std::int64_t kMaxTimeUs = kMaxTimeNs / 1000;

// Sample rows keep whole microseconds: `before` rounded down, `after` up, counted from the record's start. Applied
// before accumulating, so that a replay sees what the live run saw. Once or twice makes no difference.
Reading quantised(Reading reading, Instant record_start) noexcept;

// The same for a round of readings. Where they were taken right after each other, one a channel, all get its earliest
// `before` and its latest `after`: such a row takes the least room. Others (a sensor's ring, a late series, answers over
// more than 50 ms) keep times of their own, about ten bytes each.
void quantise(std::span<Reading> round, Instant record_start) noexcept;

// Nanoseconds from `start` to `t`; nullopt beyond kMaxTimeNs either way.
std::optional<std::int64_t> nanoseconds_after(Instant start, Instant t) noexcept;

}  // namespace impact
