#pragma once
// Ranks of one machine in virtual time: records of counters with a known curve, written as trackers would write them.

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fakes/curve.hpp"
#include "fakes/rapl_channel.hpp"
#include "fakes/ticking_counter.hpp"
#include "impact/record/format.hpp"
#include "impact/record/writer.hpp"
#include "impact/tracker/book_json.hpp"
#include "impact/tracker/unite.hpp"

namespace impact::test {

inline constexpr std::int64_t kSecond = 1'000'000'000;

// The machine's boot: counters of the hardware begin here.
inline constexpr std::int64_t kBoot = 0;

struct Meter {
  Channel channel;
  fakes::TickingCounter counter;  // of a gauge only its curve counts
  Role role = Role::in_total;
};

inline Meter rapl(const std::string& curve, std::uint64_t range = std::uint64_t{1} << 32U, double start_j = 1000) {
  fakes::TickModel ticks;
  ticks.range = range != 0 ? range : ~std::uint64_t{0};
  ticks.start_j = start_j;
  ticks.phase_ns = 437'000;  // the tests' own times lie on whole milliseconds: the rarest of lags
  return {fakes::rapl_channel(range), {fakes::Curve::parse(curve), ticks}};
}

inline Meter gauge(std::string id, std::string device, Domain domain, const std::string& curve) {
  Channel c;
  c.id = std::move(id);
  c.source = c.id.substr(0, c.id.find('/'));
  c.device = std::move(device);
  c.domain = domain;
  c.quantity = "power";
  c.kind = Kind::gauge;
  c.unit = Unit::watt;
  c.scale = 1e-3;
  c.update_period = std::chrono::seconds{1};
  return {c, {fakes::Curve::parse(curve), {}}, domain == Domain::wall ? Role::apart : Role::in_total};
}

// One rank's record. Its counters are read at the edges, gauges and counters once a second at its own phase.
class RankRecord {
 public:
  RankRecord(std::filesystem::path path, std::vector<Meter> meters, double first_s,
             std::vector<std::string> missing = {})
      : meters_(std::move(meters)), opened_(at(first_s)), path_(std::move(path)) {
    Header h;
    h.run_id = path_.stem().string();
    h.start = instant(opened_);
    h.boot_id = "b007";
    BookSettings book;
    book.interval = std::chrono::seconds{1};
    book.roles.missing = std::move(missing);
    for (std::uint32_t c = 0; c < meters_.size(); ++c) {
      h.channels.push_back(meters_[c].channel);
      h.groups.push_back({meters_[c].channel.source, {c}});
      book.at_edges.push_back(meters_[c].channel.kind == Kind::counter);
      book.roles.by_channel.push_back(meters_[c].role);
    }
    h.info = {{"book", book_to_json(book)}};
    start_ = h.start;
    writer_ = RecordWriter::create(path_, h).value();
    span_ = {path_, {}, {}};
  }

  void start(double t_s) {
    span_.start = mark(Mark::Kind::enter, 0, "run", t_s);
    next_row_ = at(t_s) + 10'000'000;
  }
  void enter(std::uint64_t region, const std::string& name, double t_s) {
    rows_until(t_s);
    mark(Mark::Kind::enter, region, name, t_s);
  }
  void exit(std::uint64_t region, double t_s) {
    rows_until(t_s);
    mark(Mark::Kind::exit, region, "", t_s);
  }
  void stop(double t_s, std::int64_t read_ns = 100) {
    rows_until(t_s);
    span_.stop = mark(Mark::Kind::exit, 0, "", t_s, read_ns);
    writer_->finish({});
  }
  // As by SIGKILL: no mark, no last line.
  void die(double t_s) {
    rows_until(t_s);
    span_.stop = last_;
    writer_.reset();
  }
  void note(const nlohmann::json& body) { writer_->note(body); }
  // From here on another process reads this channel.
  void stop_reading(std::uint32_t channel) { silent_.push_back(channel); }
  void read_again() { silent_.clear(); }

  const RecordSpan& span() const { return span_; }
  void rows_until(double t_s) {
    for (; next_row_ < at(t_s); next_row_ += kSecond) {
      for (std::uint32_t c = 0; c < meters_.size(); ++c) {
        if (std::ranges::find(silent_, c) != silent_.end()) continue;
        std::vector<Reading> row{read(c, next_row_)};
        quantise(row, start_);
        last_ = std::max(last_, row[0].after);
        writer_->row(c, row);
      }
    }
  }

 private:
  static std::int64_t at(double t_s) { return kBoot + std::llround(t_s * 1e9); }

  Reading read(std::uint32_t c, std::int64_t t) const {
    const Meter& m = meters_[c];
    std::int64_t count = 0;
    if (m.channel.kind == Kind::gauge) {
      count = std::llround(m.counter.curve().power_w(t) / m.channel.scale);
    } else if (m.channel.own_zero) {
      count = static_cast<std::int64_t>(m.counter.counts_at(t) - m.counter.counts_at(opened_));
    } else {
      count = static_cast<std::int64_t>(m.counter.raw_at(t));
    }
    return {c, m.channel.quality, count, instant(t), instant(t + 600)};
  }

  Instant mark(Mark::Kind kind, std::uint64_t region, const std::string& name, double t_s, std::int64_t read_ns = 100) {
    const std::int64_t t = at(t_s);
    Mark m{kind, region, 0, name, Edges::plain, instant(t), {}};
    for (std::uint32_t c = 0; c < meters_.size(); ++c) {
      const bool entering = kind == Mark::Kind::enter;
      if (meters_[c].channel.kind == Kind::counter) m.readings.push_back({read(c, entering ? t - 700 : t + read_ns)});
    }
    last_ = std::max(last_, m.at);
    writer_->mark(m);
    return m.at;
  }

  std::vector<Meter> meters_;
  std::int64_t opened_;
  std::filesystem::path path_;
  Instant start_{};
  Instant last_{};
  std::int64_t next_row_ = 0;
  std::vector<std::uint32_t> silent_;
  std::shared_ptr<RecordWriter> writer_;
  RecordSpan span_;
};

}  // namespace impact::test
