#include "impact/tracker/replay.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "impact/record/reader.hpp"
#include "impact/tracker/book_json.hpp"
#include "impact/tracker/json.hpp"
#include "impact/tracker/machine_book.hpp"
#include "impact/tracker/share_json.hpp"
#include "impact/tracker/sharing_note.hpp"
#include "impact/tracker/suspension_note.hpp"
#include "impact/tracker/trouble_note.hpp"

namespace impact {
namespace {

class Player {
 public:
  // `start_lost` says that the line with the run's start is damaged: the run then begins at its first reading.
  Player(MachineBook& book, Replay& out, bool start_lost) : book_(book), out_(out), start_lost_(start_lost) {}

  void operator()(const Row& row) {
    ++out_.rows;
    if (start_lost_ && !row.readings.empty()) {
      for (const Reading& reading : row.readings) see(reading);
      begin_run(row.readings.front().before);
    }
    book_.row(row.readings);
    for (const Reading& reading : row.readings) {
      last_ = std::max(last_, reading.after);
      see(reading);
    }
    keep(book_.take_settled());
  }

  void operator()(const Mark& mark) {
    last_ = std::max(last_, mark.at);
    for (const EdgeReading& edge : mark.readings) see(edge.first);
    if (start_lost_ && mark.region != 0 && !mark.readings.empty()) begin_run(mark.at);
    if (mark.kind == Mark::Kind::enter) {
      // A line may stand in a file twice; a number is given once.
      if (names_.try_emplace(mark.region, mark.name).second) book_.enter(mark);
      return;
    }
    if (std::optional<RegionResult> result = book_.exit(mark)) {
      order_.push_back(mark.region);
      keep({std::move(*result)});
    }
  }

  void operator()(const Note& note) {
    if (const std::optional<std::string> remark = sharing_remark(note.body)) book_.remark(*remark);
    if (const std::optional<std::string> remark = trouble_remark(note.body)) book_.remark(*remark);
    if (const std::optional<Suspension> sleep = suspension_of(note.body)) book_.suspended(*sleep);
    out_.notes.push_back(note.body);
  }
  void operator()(const Totals& totals) { out_.totals = totals.body; }

  // In a record that ends early, the run and every region that is still open end at the last reading.
  void end() {
    const bool is_cut_off = !book_.open_regions().empty();
    for (const std::uint64_t region : book_.open_regions()) {
      Mark mark{Mark::Kind::exit, region, 0, "", Edges::plain, last_, last_readings()};
      if (region != 0) out_.left_open.push_back(names_[region]);
      if (std::optional<RegionResult> result = book_.exit(mark); result && region == 0) keep({std::move(*result)});
    }
    keep(book_.finish());
    for (const std::uint64_t region : order_) {
      if (region != 0 && results_.contains(region)) out_.regions.push_back(std::move(results_.at(region)));
    }
    if (results_.contains(0)) out_.run = std::move(results_.at(0));
    if (is_cut_off && out_.run && out_.run->stop <= out_.run->start) out_.run = unread(*out_.run);
  }

 private:
  // A run that was killed before anything was read after its begin: no time was measured, and so no energy.
  static RegionResult unread(const RegionResult& run) {
    RegionResult nothing;
    nothing.name = run.name;
    nothing.start = run.start;
    nothing.stop = run.stop;
    nothing.coverage = std::numeric_limits<double>::quiet_NaN();  // of no time
    nothing.notes = run.notes;
    nothing.notes.emplace_back("it ended before its first reading");
    return nothing;
  }

  // The run whose start is lost begins with the first reading, be it a row's or a region's; later ones change nothing.
  void begin_run(Instant at) {
    if (names_.contains(0)) return;
    (*this)(Mark{Mark::Kind::enter, 0, 0, RegionBook::kRunName, Edges::plain, at, last_readings()});
  }

  // An early end is measured by the latest reading of each channel, that of an edge as well as that of a row.
  void see(const Reading& reading) {
    if (reading.quality == Quality::missing) return;
    const auto [latest, is_first] = latest_.try_emplace(reading.channel, reading);
    if (!is_first && reading.before >= latest->second.before) latest->second = reading;
  }

  void keep(std::vector<RegionResult> results) {
    for (RegionResult& r : results) results_.insert_or_assign(r.region, std::move(r));
  }

  std::vector<EdgeReading> last_readings() const {
    std::vector<EdgeReading> readings;
    for (const auto& [channel, reading] : latest_) {
      if (book_.settings().at_edges[channel]) readings.push_back({reading});
    }
    return readings;
  }

  MachineBook& book_;
  Replay& out_;
  const bool start_lost_;
  Instant last_{};
  std::map<std::uint64_t, std::string> names_;
  std::map<std::uint64_t, RegionResult> results_;
  std::vector<std::uint64_t> order_;
  std::map<std::uint32_t, Reading> latest_;
};

}  // namespace

RegionResult Replay::result() const {
  if (run) return *run;
  RegionResult nothing;
  nothing.start = nothing.stop = header.start;
  nothing.coverage = std::numeric_limits<double>::quiet_NaN();  // nothing can cover a time of 0 s
  nothing.notes = {damage ? "the line with its start is lost" : "its tracker was never started"};
  return nothing;
}

namespace {

Result<Replay> play(const std::filesystem::path& path, bool start_lost) {
  Result<RecordReader> opened = RecordReader::open(path);
  if (!opened) return opened.error();
  RecordReader& reader = opened.value();
  Replay out;
  out.header = reader.header();
  Result<BookSettings> settings = book_from_json(out.header.channels, book_in(out.header.info));
  if (!settings) return Error{settings.error().kind, path.string() + ": " + settings.error().what, ""};
  Result<ShareSettings> share =
      share_from_json(out.header.info.at("book").value("share", nlohmann::json()), out.header.channels.size());
  if (!share) return Error{share.error().kind, path.string() + ": " + share.error().what, ""};
  MachineBook book(std::move(settings).value(), std::move(share).value());
  for (std::string& remark : remarks_on_probes(out.header.info)) book.remark(std::move(remark));
  Player player(book, out, start_lost);
  Event event;
  while (reader.next(event)) {
    std::visit(player, event);
  }
  player.end();
  if (std::string remark = remark_on_ignored(reader.ignored_lines()); out.run && !remark.empty())
    out.run->notes.push_back(std::move(remark));
  out.damage = reader.damage();
  out.complete = reader.complete() && !out.damage;
  out.health = health_json(book.accumulator(), out.header.channels);
  if (out.run) out.health["findings"] = findings_json(*out.run, out.header.channels);
  return out;
}

}  // namespace

Result<Replay> replay(const std::filesystem::path& path) {
  Result<Replay> played = play(path, false);
  const bool start_lost = played && !played.value().run && played.value().damage && played.value().rows > 0;
  return start_lost ? play(path, true) : std::move(played);
}

namespace {

// The power of one channel from its readings, in the order of the record.
class SeriesMaker {
 public:
  SeriesMaker(const Header& header, std::uint32_t index)
      : channel_(header.channels[index]),
        index_(index),
        start_(header.start),
        accumulator_(header.channels, std::chrono::hours{24}) {}

  void suspended(const Suspension& sleep) { accumulator_.suspended(sleep); }

  // `is_end`: it is the run's last reading.
  void add(const Reading& reading, bool is_end) {
    if (reading.channel != index_ || (is_end && reading.quality == Quality::missing)) return;
    accumulator_.add(reading);
    const Instant now = middle(reading.before, reading.after);
    double value = std::numeric_limits<double>::quiet_NaN();
    if (reading.quality != Quality::missing && channel_.kind == Kind::gauge) {
      value = static_cast<double>(reading.count) * channel_.scale;
    } else if (const std::optional<Position> position = accumulator_.at(reading)) {
      if (last_ && now <= last_->at) return;
      if (is_end) join_short(now);
      if (last_ && position->gap == last_->position.gap)
        value = (position->value - last_->position.value) / seconds(now - last_->at);
      before_last_ = std::exchange(last_, Sample{*position, now});
    }
    series_.time_s.push_back(seconds(now - start_));
    series_.value.push_back(value);
  }

  Series take() { return std::move(series_); }

 private:
  struct Sample {
    Position position;
    Instant at{};
  };

  // What is left of a step at the end is one with the step before it: over a short time alone, one tick of the counter
  // would be a peak of power.
  void join_short(Instant end) {
    if (!last_ || !before_last_ || 2 * (end - last_->at) >= last_->at - before_last_->at) return;
    last_ = before_last_;
    series_.time_s.pop_back();
    series_.value.pop_back();
  }

  const Channel& channel_;
  const std::uint32_t index_;
  const Instant start_;
  Accumulator accumulator_;
  Series series_;
  std::optional<Sample> last_, before_last_;
};

}  // namespace

Result<Series> read_series(const std::filesystem::path& path, const std::string& channel_id) {
  Result<RecordReader> opened = RecordReader::open(path);
  if (!opened) return opened.error();
  RecordReader& reader = opened.value();
  const std::vector<Channel>& channels = reader.header().channels;
  const auto channel = std::ranges::find(channels, channel_id, &Channel::id);
  if (channel == channels.end()) {
    std::string known;
    for (const Channel& c : channels) known += (known.empty() ? "" : ", ") + c.id;
    return Error{ErrorKind::absent, path.string() + ": no channel \"" + channel_id + "\"; it holds " + known, ""};
  }
  const auto index = static_cast<std::uint32_t>(channel - channels.begin());
  SeriesMaker maker(reader.header(), index);
  Event event;
  while (reader.next(event)) {
    if (const Row* row = std::get_if<Row>(&event)) {
      for (const Reading& reading : row->readings) maker.add(reading, false);
    } else if (const Mark* mark = std::get_if<Mark>(&event)) {
      // The run's last reading stands at its edge, not in a row: without it the end of a run had no power.
      if (mark->region != 0 || mark->kind != Mark::Kind::exit) continue;
      for (const EdgeReading& edge : mark->readings) maker.add(edge.first, true);
    } else if (const Note* note = std::get_if<Note>(&event)) {
      if (const std::optional<Suspension> sleep = suspension_of(note->body)) maker.suspended(*sleep);
    }
  }
  return maker.take();
}

}  // namespace impact
