#include "impact/record/decoder.hpp"

#include <algorithm>

#include "impact/record/format.hpp"
#include "impact/record/header.hpp"
#include "impact/record/json.hpp"
#include "impact/record/line_scanner.hpp"

namespace impact {
namespace {

constexpr int kQualities = static_cast<int>(Quality::missing) + 1;

// Whether a line that is none of ours was a row, or swallowed one: a part of a row begins or ends with its bracket. Text
// of another program does neither, and a file that only grows has lost nothing by it.
bool may_hold_row(std::string_view line) noexcept {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r'; };
  if (line.front() == '{' && is_shallow(line) && nlohmann::json::accept(line)) return false;
  return line.find('[') != std::string_view::npos || line.back() == ']' || std::ranges::any_of(line, is_control);
}

constexpr bool in_reach(std::int64_t t, std::int64_t most) noexcept { return t >= -most && t <= most; }

}  // namespace

Decoder::Decoder(const Header& header) : start_(header.start) {
  const std::vector<std::uint32_t> groups = groups_by_channel(header);
  for (std::size_t i = 0; i < header.channels.size(); ++i) {
    channels_.push_back({header.channels[i].kind, header.channels[i].quality, groups[i]});
  }
  for (const Group& group : header.groups) {
    bases_.push_back({group.channels, std::vector<std::uint64_t>(group.channels.size(), 0)});
  }
}

Decoder::Found Decoder::damage(std::string reason) {
  reason_ = std::move(reason);
  return Found::damage;
}

void Decoder::lose_rows() noexcept {
  for (Base& base : bases_) {
    base.orphaned = base.orphaned || base.keyed;
    base.keyed = false;
  }
}

Decoder::Found Decoder::decode(std::string_view line, Event& out) {
  if (line.empty()) return Found::ignored;
  const Found found = classified(line, out);
  if (found == Found::damage && may_hold_row(line)) lose_rows();
  return found;
}

Decoder::Found Decoder::classified(std::string_view line, Event& out) {
  if (line.starts_with("[\"")) return lettered(line, out);
  if (line.front() == '[') return array(line, out);
  if (line.front() == '{') return object(line, out);
  return damage("neither an object nor an array");
}

Decoder::Found Decoder::array(std::string_view line, Event& out) {
  LineScanner scan(line);
  std::int64_t first = 0;
  if (!scan.take('[') || !scan.take(first)) return damage("no row: a whole number was expected");
  if (first >= 0) {
    scan = LineScanner(line.substr(1));
    return row(scan, 0, false, out);
  }
  if (!scan.take(',')) return damage("no row: it ends after its group");
  if (first <= -static_cast<std::int64_t>(bases_.size()))
    return damage("group " + std::to_string(first).substr(1) + " is unknown");
  return row(scan, static_cast<std::uint32_t>(-first), false, out);
}

Decoder::Found Decoder::lettered(std::string_view line, Event& out) {
  LineScanner scan(line);
  if (scan.take(std::string_view("[\"k\","))) {
    std::uint32_t group = 0;
    if (!scan.take(group) || !scan.take(',')) return damage("no key row: its group is no whole number");
    return row(scan, group, true, out);
  }
  if (scan.take(std::string_view("[\"s\","))) return single(scan, out);
  return damage("an array of an unknown kind");  // not passed over: the rows after a broken key row would be wrong
}

bool Decoder::set_times(Reading& reading, std::int64_t t_us, std::int64_t width_us) const noexcept {
  if (!in_reach(t_us, kMaxTimeUs) || width_us < 0 || width_us > kMaxTimeUs || t_us + width_us > kMaxTimeUs)
    return false;
  reading.before = start_ + Duration{t_us * 1000};
  reading.after = reading.before + Duration{width_us * 1000};
  return true;
}

Decoder::Found Decoder::row(LineScanner& scan, std::uint32_t group, bool key, Event& out) {
  if (group >= bases_.size()) return damage("group " + std::to_string(group) + " is unknown");
  Base& base = bases_[group];
  const bool orphan = !key && base.orphaned;
  if (!key && !base.keyed && !orphan) return damage("a row of group " + std::to_string(group) + " before its key row");
  std::int64_t t = 0;
  std::int64_t width = 0;
  if (!scan.take(t) || !scan.take(',') || !scan.take(width)) return damage("no row: its times are no whole numbers");
  Reading common;
  if (!in_reach(t, kMaxTimeUs) || !set_times(common, key ? t : base.t_us + t, width))
    return damage("a time is out of range");
  if (!std::holds_alternative<Row>(out)) out = Row{};
  Row& found = std::get<Row>(out);
  found.group = group;
  found.readings.resize(base.channels.size());
  for (std::size_t i = 0; i < base.channels.size(); ++i) {
    common.channel = base.channels[i];
    if (!scan.take(',') || !value(scan, base, i, key, common, found.readings[i])) {
      return damage("value " + std::to_string(i + 1) + " of " + std::to_string(base.channels.size()) +
                    " is missing or no count");
    }
  }
  if (!scan.take(']') || !scan.done())
    return damage("more values than group " + std::to_string(group) + " has channels");
  if (orphan) return Found::orphan;
  base.t_us = key ? t : base.t_us + t;
  base.keyed = true;
  base.orphaned = false;
  return Found::event;
}

bool Decoder::count(LineScanner& scan, Kind kind, std::int64_t& out) const {
  if (kind == Kind::gauge) return scan.take(out);
  std::uint64_t absolute = 0;
  if (!scan.take(absolute)) return false;
  out = static_cast<std::int64_t>(absolute);
  return true;
}

bool Decoder::value(LineScanner& scan, Base& base, std::size_t i, bool key, const Reading& row, Reading& out) const {
  const Line& channel = channels_[row.channel];
  out = row;
  out.count = 0;
  out.quality = channel.quality;
  const bool has_own = scan.take('[');
  const bool is_missing = scan.take(std::string_view("null"));
  if (is_missing) {
    out.quality = Quality::missing;
    if (key) base.counts[i] = 0;
  } else {
    const bool absolute = key || channel.kind == Kind::gauge;
    if (absolute ? !count(scan, channel.kind, out.count) : !scan.take(out.count)) return false;
    const std::uint64_t from = absolute ? 0 : base.counts[i];
    base.counts[i] = from + static_cast<std::uint64_t>(out.count);
    out.count = static_cast<std::int64_t>(base.counts[i]);
  }
  if (!has_own) return is_missing || channel.quality != Quality::missing;
  int quality = 0;
  if (!scan.take(',') || !scan.take(quality) || quality < 0 || quality >= kQualities) return false;
  out.quality = static_cast<Quality>(quality);
  if (is_missing != (out.quality == Quality::missing)) return false;
  if (scan.take(']')) return true;
  std::int64_t offset = 0;
  std::int64_t width = 0;
  if (!scan.take(',') || !scan.take(offset) || !scan.take(',') || !scan.take(width) || !scan.take(']')) return false;
  const std::int64_t row_t = (row.before - start_).count() / 1000;
  return in_reach(offset, 2 * kMaxTimeUs) && set_times(out, row_t + offset, width);
}

Decoder::Found Decoder::single(LineScanner& scan, Event& out) {
  Reading reading;
  std::int64_t t = 0;
  std::int64_t width = 0;
  if (!scan.take(reading.channel) || reading.channel >= channels_.size()) return damage("its channel is unknown");
  const Line& channel = channels_[reading.channel];
  if (channel.group == kNoGroup) return damage("channel " + std::to_string(reading.channel) + " is in no group");
  if (!scan.take(',') || !scan.take(t) || !scan.take(',') || !scan.take(width) || !scan.take(',')) {
    return damage("its times are no whole numbers");
  }
  if (!set_times(reading, t, width)) return damage("a time is out of range");
  if (!scan.take(std::string_view("null"))) {
    if (!count(scan, channel.kind, reading.count)) return damage("no count");
    reading.quality = channel.quality;
    int quality = 0;
    if (scan.take(',')) {
      if (!scan.take(quality) || quality < 0 || quality >= kQualities - 1) return damage("its quality is unknown");
      reading.quality = static_cast<Quality>(quality);
    }
    if (reading.quality == Quality::missing) return damage("a count of a channel that has none");
  }
  if (!scan.take(']') || !scan.done()) return damage("more than a reading has");
  if (!std::holds_alternative<Row>(out)) out = Row{};
  std::get<Row>(out).group = channel.group;
  std::get<Row>(out).readings.assign(1, reading);
  return Found::event;
}

}  // namespace impact
