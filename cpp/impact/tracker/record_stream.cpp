#include "impact/tracker/record_stream.hpp"

#include <algorithm>
#include <utility>

namespace impact {

RecordStream::RecordStream(RecordSpan span, std::vector<std::uint32_t> numbers)
    : span_(std::move(span)), numbers_(std::move(numbers)), due_(span_.start) {}

void RecordStream::look_at(Row& row) {
  for (Reading& r : row.readings) r.channel = numbers_[r.channel];
  std::erase_if(row.readings, [](const Reading& r) { return r.channel == kNoChannel; });
  for (const Reading& r : row.readings) {
    last_ = std::max(last_, r.after);
    if (r.quality != Quality::missing) latest_.insert_or_assign(r.channel, r);
  }
  due_ = std::max(due_, last_);
}

bool RecordStream::look_at(Mark& mark) {
  const bool enters = mark.kind == Mark::Kind::enter;
  if (enters ? !entered_.insert(mark.region).second : open_.erase(mark.region) == 0) return false;
  for (EdgeReading& e : mark.readings) e.first.channel = numbers_[e.first.channel];
  std::erase_if(mark.readings, [](const EdgeReading& e) { return e.first.channel == kNoChannel; });
  last_ = std::max(last_, mark.at);
  due_ = std::max(due_, mark.at);
  for (const EdgeReading& e : mark.readings) {
    due_ = std::max({due_, e.first.after, e.ticked ? e.tick_hi : e.first.after});
    if (e.first.quality != Quality::missing) latest_.insert_or_assign(e.first.channel, e.first);
  }
  if (enters) open_.insert_or_assign(mark.region, mark.name);
  return true;
}

void RecordStream::begin_if_start_is_lost(Instant at) {
  // A start that is whole stands before every reading that is later than it.
  if (at < span_.start || !entered_.insert(0).second) return;
  open_.insert_or_assign(0, "");
  Mark mark{Mark::Kind::enter, 0, 0, "", Edges::plain, span_.start, {}};
  for (const auto& [channel, reading] : latest_) mark.readings.push_back({reading});
  behind_ = std::exchange(ahead_, std::move(mark));
}

// Makes the exit that the record lacks for a region that was never closed: inner regions first, the run last.
bool RecordStream::close_next_open() {
  if (open_.empty()) return false;
  const std::uint64_t region = open_.rbegin()->first;
  Mark mark{Mark::Kind::exit, region, 0, "", Edges::plain, std::max(last_, span_.start), {}};
  for (const auto& [channel, reading] : latest_) mark.readings.push_back({reading});
  open_.erase(region);
  ahead_ = std::move(mark);
  return true;
}

// Reads the event after this one into ahead_; returns false at the end.
bool RecordStream::read() {
  if (behind_) {
    ahead_ = std::move(*behind_);
    behind_.reset();
    return true;
  }
  while (reader_ && reader_->next(ahead_)) {
    if (Row* row = std::get_if<Row>(&ahead_)) {
      look_at(*row);
      if (row->readings.empty()) continue;
      begin_if_start_is_lost(row->readings.front().before);
    } else if (Mark* mark = std::get_if<Mark>(&ahead_)) {
      if (!look_at(*mark)) continue;
      if (mark->region != 0) begin_if_start_is_lost(mark->at);
    }
    return true;
  }
  if (reader_) ignored_lines_ = reader_->ignored_lines();
  reader_.reset();
  return close_next_open();
}

Event* RecordStream::next() {
  if (!opened_) {
    opened_ = true;
    if (Result<RecordReader> opened = RecordReader::open(span_.path)) reader_.emplace(std::move(opened).value());
    has_ahead_ = read();
  }
  if (!has_ahead_) return nullptr;
  std::swap(current_, ahead_);
  has_ahead_ = read();
  return &current_;
}

}  // namespace impact
