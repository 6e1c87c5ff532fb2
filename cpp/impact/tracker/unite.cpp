#include "impact/tracker/unite.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "impact/sampling/region_book.hpp"
#include "impact/tracker/book_json.hpp"
#include "impact/tracker/common_zero.hpp"
#include "impact/tracker/join.hpp"
#include "impact/tracker/node_channels.hpp"
#include "impact/tracker/sharing_note.hpp"
#include "impact/tracker/suspension_note.hpp"
#include "impact/tracker/trouble_note.hpp"

namespace impact {
namespace {

// Is a time during which at least one record is inside a region of this kind.
struct UnitedStretch {
  std::size_t inside = 0;
  std::uint64_t region = 0;
  std::optional<Mark> last_out;  // may have been read more quickly than one that left before
};

class Uniter {
 public:
  Uniter(const std::vector<RecordSpan>& spans, NodeChannels node) : node_(std::move(node)), spans_of_(spans.size(), 0) {
    std::vector<Instant> stops;
    for (std::size_t i = 0; i < spans.size(); ++i) {
      streams_.emplace_back(spans[i], node_.numbers[i]);
      stops.push_back(spans[i].stop);
    }
    for (std::uint32_t c = 0; c < node_.channels.size(); ++c) {
      if (node_.channels[c].own_zero) zeros_.try_emplace(c, node_.channels[c], stops);
    }
    for (const Period& period : node_.periods) {
      books_.emplace_back(BookSettings{node_.channels, node_.at_edges, period.roles, node_.interval});
    }
    results_.resize(books_.size());
    names_.resize(spans.size());
  }

  United unite() {
    std::set<std::pair<Instant, std::size_t>> order;  // goes by due time
    for (std::size_t i = 0; i < streams_.size(); ++i) order.insert({streams_[i].due(), i});
    while (!order.empty()) {
      const std::size_t i = order.begin()->second;
      order.erase(order.begin());
      // Events of one record are played on until an event of another record is due.
      do {
        Event* event = streams_[i].next();
        if (event == nullptr) break;
        play(i, *event);
      } while (order.empty() || streams_[i].due() < order.begin()->first);
      if (!streams_[i].at_end()) order.insert({streams_[i].due(), i});
    }
    for (std::size_t b = 0; b < books_.size(); ++b) keep(b, books_[b].finish());
    return outcome();
  }

 private:
  void play(std::size_t i, Event& event) {
    if (Row* row = std::get_if<Row>(&event)) return play(i, *row);
    if (Mark* mark = std::get_if<Mark>(&event)) return play(i, *mark);
    if (const Note* note = std::get_if<Note>(&event)) {
      if (const auto source = source_read_elsewhere(note->body)) read_elsewhere_.insert(*source);
      if (const auto remark = trouble_remark(note->body)) {
        for (RegionBook& book : books_) book.remark(*remark);
      }
      if (const auto sleep = suspension_of(note->body)) {
        for (RegionBook& book : books_) book.suspended(*sleep);
      }
    }
  }

  void play(std::size_t i, Row& row) {
    round_.clear();
    for (const Reading& reading : row.readings) {
      // A read that failed in one rank does no harm while other ranks read the same channel.
      if (reading.quality == Quality::missing && running_ > 1) continue;
      const auto zero = zeros_.find(reading.channel);
      if (zero == zeros_.end() || reading.quality == Quality::missing) {
        round_.push_back(reading);
      } else if (const std::optional<Reading> common = zero->second.carried(i, reading)) {
        round_.push_back(*common);
      }
    }
    if (!round_.empty()) feed(round_);
  }

  void play(std::size_t i, Mark& mark) {
    bring_to_zero(i, mark);
    if (mark.region == 0) return play_run(i, mark);
    std::string& name = names_[i][mark.region];
    if (mark.kind == Mark::Kind::enter) name = mark.name;
    pass(by_name_[name], mark, name);
    if (mark.kind == Mark::Kind::exit) names_[i].erase(mark.region);
  }

  void play_run(std::size_t i, const Mark& mark) {
    if (mark.kind == Mark::Kind::enter) {
      ++running_;
      spans_of_[i] = open(mark, RegionBook::kRunName);
      pass(run_, mark, RegionBook::kRunName);
      change_period(mark);
      return;
    }
    change_period(mark);
    if (spans_of_[i] != 0) close(spans_of_[i], mark);
    pass(run_, mark, RegionBook::kRunName);
    for (auto& [channel, zero] : zeros_) zero.leave(i);
    running_ -= running_ > 0 ? 1 : 0;
  }

  // Brings edge readings of counters that start where their process opened them to the common zero.
  void bring_to_zero(std::size_t i, Mark& mark) {
    if (zeros_.empty()) return;
    std::vector<EdgeReading> kept;
    for (EdgeReading& edge : mark.readings) {
      const auto zero = zeros_.find(edge.first.channel);
      if (zero != zeros_.end() && edge.first.quality != Quality::missing) {
        const std::optional<Reading> first = zero->second.at_edge(i, edge.first);
        if (!first) continue;  // the carrier's readings around it say more
        const std::int64_t shift = first->count - edge.first.count;
        edge.first = *first;
        edge.ticked = edge.ticked && zero->second.carries(i);
        if (edge.ticked) bring_tick_to_zero(i, zero->second, edge, shift);
      }
      kept.push_back(edge);
    }
    mark.readings = std::move(kept);
  }

  static void bring_tick_to_zero(std::size_t i, CommonZero& zero, EdgeReading& edge, std::int64_t shift) {
    const std::int64_t step = edge.tick_count - edge.old_count;
    const std::optional<Reading> tick = zero.carried(i, edge.tick());
    edge.tick_count = tick ? tick->count : edge.tick_count + shift;
    edge.old_count = edge.tick_count - step;
  }

  // The first record to enter opens the stretch and the last one to leave closes it. Readings at the edges of the
  // others are treated as ordinary readings.
  void pass(UnitedStretch& stretch, const Mark& mark, const std::string& name) {
    const bool out = mark.kind == Mark::Kind::exit;
    if (out && (!stretch.last_out || mark.at >= stretch.last_out->at)) stretch.last_out = mark;
    if (!out && stretch.inside++ == 0) {
      stretch.last_out.reset();
      stretch.region = open(mark, name);
      order_.push_back(stretch.region);
      if (&stretch == &run_) runs_.insert(stretch.region);
    } else if (out && stretch.inside > 0 && --stretch.inside == 0) {  // NOLINT(bugprone-inc-dec-in-conditions)
      close(stretch.region, *stretch.last_out);
    } else {
      round_.clear();
      for (const EdgeReading& edge : mark.readings) {
        if (edge.first.quality != Quality::missing) round_.push_back(edge.first);
      }
      feed(round_);
    }
  }

  std::uint64_t open(Mark mark, const std::string& name) {
    mark.region = ++last_region_;
    mark.parent = 0;
    mark.name = name;
    begins_[mark.region] = mark.at;
    for (RegionBook& book : books_) book.enter(mark);
    return mark.region;
  }

  void close(std::uint64_t region, Mark mark) {
    mark.region = region;
    for (std::size_t b = 0; b < books_.size(); ++b) {
      if (std::optional<RegionResult> result = books_[b].exit(mark)) keep(b, {std::move(*result)});
    }
  }

  // From here on the machine is summed in another way, so one part of the run ends and the next begins.
  void change_period(const Mark& mark) {
    while (period_ + 1 < node_.periods.size() && node_.periods[period_ + 1].from <= mark.at) {
      ++period_;
      if (run_.inside == 0 || begins_[run_.region] == mark.at) continue;
      Mark edge = mark;
      edge.kind = Mark::Kind::exit;
      close(run_.region, edge);
      edge.kind = Mark::Kind::enter;
      run_.region = open(edge, RegionBook::kRunName);
      order_.push_back(run_.region);
      runs_.insert(run_.region);
    }
  }

  void feed(std::span<const Reading> readings) {
    for (std::size_t b = 0; b < books_.size(); ++b) {
      books_[b].row(readings);
      keep(b, books_[b].take_settled());
    }
  }

  void keep(std::size_t book, std::vector<RegionResult> results) {
    for (RegionResult& r : results) results_[book].insert_or_assign(r.region, std::move(r));
  }

  // Returns a region's result, summed in the way of the period in which the region began.
  RegionResult taken(std::uint64_t region) {
    std::size_t book = 0;
    while (book + 1 < node_.periods.size() && node_.periods[book + 1].from <= begins_[region]) ++book;
    const auto of_region = results_[book].find(region);
    if (of_region == results_[book].end()) return {};
    RegionResult result = std::move(of_region->second);
    result.region = result.parent = 0;
    add_handovers(result);
    return result;
  }

  void add_handovers(RegionResult& result) const {
    double variance = 0.0;
    for (const auto& [channel, zero] : zeros_) {
      ChannelResult& part = result.channels[channel];
      const double half = zero.half_width(result.start, result.stop);
      part.half_width = std::hypot(part.half_width, half);
      if (part.role == Role::in_total) variance += half * half;
    }
    if (variance > 0.0) result.energy = result.energy.widened(Joules{std::sqrt(variance)});
  }

  United outcome() {
    United united;
    bool any = false;
    for (const std::uint64_t region : order_) {
      RegionResult result = taken(region);
      if (!runs_.contains(region)) {
        united.regions.push_back(std::move(result));
      } else if (any) {
        join(united.run, result, node_.channels);
      } else {
        united.run = std::move(result);
        any = true;
      }
    }
    for (const std::uint64_t region : spans_of_) united.records.push_back(region == 0 ? RegionResult{} : taken(region));
    say_what_nobody_holds(united.run);
    say_what_is_ignored(united.run);
    united.run.notes.insert(united.run.notes.end(), node_.notes.begin(), node_.notes.end());
    united.channels = std::move(node_.channels);
    return united;
  }

  void say_what_nobody_holds(RegionResult& run) const {
    for (const std::string& source : read_elsewhere_) {
      const bool held = std::ranges::any_of(run.channels, [&](const ChannelResult& part) {
        return node_.channels[part.channel].source == source && part.quality != Quality::missing;
      });
      if (!held) run.notes.push_back(source + ": read by a process of the run whose record is not among these");
    }
  }

  void say_what_is_ignored(RegionResult& run) const {
    std::uint64_t lines = 0;
    for (const RecordStream& stream : streams_) lines += stream.ignored_lines();
    if (std::string remark = remark_on_ignored(lines); !remark.empty()) run.notes.push_back(std::move(remark));
  }

  NodeChannels node_;
  std::vector<RecordStream> streams_;
  std::map<std::uint32_t, CommonZero> zeros_;                   // are kept by channel
  std::vector<RegionBook> books_;                               // are kept by period
  std::vector<std::map<std::uint64_t, RegionResult>> results_;  // are kept by period and region
  std::size_t period_ = 0;
  std::size_t running_ = 0;
  UnitedStretch run_;
  std::map<std::string, UnitedStretch> by_name_;
  std::vector<std::map<std::uint64_t, std::string>> names_;  // are those of each record's open regions
  std::vector<std::uint64_t> spans_of_;                      // are the regions of each record's own time
  std::map<std::uint64_t, Instant> begins_;
  std::vector<std::uint64_t> order_;
  std::set<std::uint64_t> runs_;
  std::set<std::string> read_elsewhere_;
  std::uint64_t last_region_ = 0;
  std::vector<Reading> round_;
};

Result<RecordView> view_of(const RecordSpan& span) {
  Result<RecordReader> opened = RecordReader::open(span.path);
  if (!opened) return opened.error();
  RecordView view{opened.value().header(), {}, span.start, span.stop};
  Result<BookSettings> book = book_from_json(view.header.channels, book_in(view.header.info));
  if (!book) return Error{book.error().kind, span.path.string() + ": " + book.error().what, ""};
  view.settings = std::move(book).value();
  return view;
}

}  // namespace

Result<United> unite(const std::vector<RecordSpan>& records) {
  std::vector<RecordView> views;
  for (const RecordSpan& record : records) {
    Result<RecordView> view = view_of(record);
    if (!view) return view.error();
    views.push_back(std::move(view).value());
  }
  if (views.empty()) return Error{ErrorKind::absent, "no record to unite", ""};
  return Uniter(records, node_channels(views)).unite();
}

}  // namespace impact
