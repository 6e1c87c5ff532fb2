#include "impact/record/encoder.hpp"

#include <algorithm>
#include <charconv>

#include "impact/record/format.hpp"
#include "impact/record/header.hpp"
#include "impact/record/json.hpp"

namespace impact {

Encoder::Encoder(const Header& header) : start_(header.start) {
  for (const Channel& channel : header.channels) channels_.push_back({channel.kind, channel.quality});
  for (const Group& group : header.groups) {
    bases_.push_back({group.channels, std::vector<std::uint64_t>(group.channels.size(), 0)});
  }
}

void Encoder::restart() noexcept {
  for (Base& base : bases_) base.rows_to_key = 0;
}

template <class Integer>
void Encoder::put_number(Integer value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  text_.append(digits, static_cast<std::size_t>(end - digits));
}

void Encoder::count(std::uint32_t channel, std::int64_t value) {
  if (channels_[channel].kind == Kind::counter) {
    put_number(static_cast<std::uint64_t>(value));
  } else {
    put_number(value);
  }
}

bool Encoder::span_of(const Reading& reading, Span& out) const noexcept {
  const Reading whole = quantised(reading, start_);
  const auto before = nanoseconds_after(start_, whole.before);
  const auto after = nanoseconds_after(start_, whole.after);
  if (!before || !after) return false;
  out = {*before / 1000, (*after - *before) / 1000};
  return true;
}

std::string_view Encoder::row(std::uint32_t group, std::span<const Reading> readings) {
  text_.clear();
  if (group >= bases_.size()) return {};
  const auto& channels = bases_[group].channels;
  const bool in_order = std::equal(readings.begin(), readings.end(), channels.begin(), channels.end(),
                                   [](const Reading& r, std::uint32_t channel) { return r.channel == channel; });
  if (in_order && !readings.empty()) {
    if (!round(group, readings)) return {};
    return text_;
  }
  for (const Reading& reading : readings) {
    if (!single(group, reading)) return {};
  }
  return text_;
}

bool Encoder::round(std::uint32_t group, std::span<const Reading> readings) {
  Base& base = bases_[group];
  spans_.resize(readings.size());
  for (std::size_t i = 0; i < readings.size(); ++i) {
    // A round's readings have one time as a rule (format.hpp, quantise).
    const bool same =
        i > 0 && readings[i].before == readings[i - 1].before && readings[i].after == readings[i - 1].after;
    if (same) {
      spans_[i] = spans_[i - 1];
    } else if (!span_of(readings[i], spans_[i])) {
      return false;
    }
  }
  const Span row = spans_.front();
  // A row of group 0 begins with its time, which a minus would make another group's.
  const bool key = base.rows_to_key == 0 || row.t < base.t_us;
  if (key) {
    put("[\"k\",");
    put_number(group);
    put(",");
  } else {
    put("[");
    if (group > 0) {
      put_number(-static_cast<std::int64_t>(group));
      put(",");
    }
  }
  put_number(key ? row.t : row.t - base.t_us);
  put(",");
  put_number(row.width);
  for (std::size_t i = 0; i < readings.size(); ++i) value(base, i, readings[i], key);
  put("]\n");
  base.t_us = row.t;
  base.rows_to_key = (key ? kRowsPerKey : base.rows_to_key) - 1;
  return true;
}

void Encoder::value(Base& base, std::size_t i, const Reading& reading, bool key) {
  const Line& channel = channels_[reading.channel];
  const Span own = spans_[i];
  const bool is_missing = reading.quality == Quality::missing;
  const bool same_quality = is_missing || reading.quality == channel.quality;
  const bool same_times = own.t == spans_.front().t && own.width == spans_.front().width;
  put(same_quality && same_times ? "," : ",[");
  if (is_missing) {
    put("null");
    if (key) base.counts[i] = 0;
  } else if (channel.kind == Kind::gauge || key) {
    count(reading.channel, reading.count);
    base.counts[i] = static_cast<std::uint64_t>(reading.count);
  } else {
    const auto now = static_cast<std::uint64_t>(reading.count);
    put_number(static_cast<std::int64_t>(now - base.counts[i]));
    base.counts[i] = now;
  }
  if (same_quality && same_times) return;
  put(",");
  put_number(static_cast<int>(reading.quality));
  if (!same_times) {
    put(",");
    put_number(own.t - spans_.front().t);
    put(",");
    put_number(own.width);
  }
  put("]");
}

bool Encoder::single(std::uint32_t group, const Reading& reading) {
  const auto& members = bases_[group].channels;
  Span own{};
  if (std::find(members.begin(), members.end(), reading.channel) == members.end() || !span_of(reading, own))
    return false;
  put("[\"s\",");
  put_number(reading.channel);
  put(",");
  put_number(own.t);
  put(",");
  put_number(own.width);
  put(",");
  if (reading.quality == Quality::missing) {
    put("null]\n");
    return true;
  }
  count(reading.channel, reading.count);
  if (reading.quality != channels_[reading.channel].quality) {
    put(",");
    put_number(static_cast<int>(reading.quality));
  }
  put("]\n");
  return true;
}

std::string_view Encoder::mark(const Mark& mark) {
  if (!mark_body(mark)) return {};
  return mark_at(mark.at);
}

bool Encoder::mark_body(const Mark& mark) {
  text_.clear();
  const auto fits = [this](Instant t) { return nanoseconds_after(start_, t).has_value(); };
  const bool encodable = std::ranges::all_of(mark.readings, [&](const EdgeReading& e) {
    return e.first.channel < channels_.size() && fits(e.first.before) && fits(e.first.after) &&
           (!e.ticked || (fits(e.tick_lo) && fits(e.tick_hi)));
  });
  if (!encodable) return false;
  put(mark.kind == Mark::Kind::enter ? "{\"m\":\"enter\",\"r\":" : "{\"m\":\"exit\",\"r\":");
  put_number(mark.region);
  if (mark.parent != 0) {
    put(",\"p\":");
    put_number(mark.parent);
  }
  if (!mark.name.empty()) {
    put(",\"n\":");
    put(to_line(mark.name));
  }
  if (mark.edges == Edges::tick) put(",\"edges\":\"tick\"");
  put(",\"v\":[");
  for (const EdgeReading& reading : mark.readings) {
    if (&reading != mark.readings.data()) put(",");
    edge(reading);
  }
  put("]");
  return true;
}

std::string_view Encoder::mark_at(Instant at) {
  const auto after = nanoseconds_after(start_, at);
  if (!after) return {};
  put(",\"at\":");
  put_number(*after);
  put("}\n");
  return text_;
}

void Encoder::edge(const EdgeReading& edge) {
  const Reading& first = edge.first;
  const bool is_missing = first.quality == Quality::missing;
  put("[");
  put_number(first.channel);
  put(",");
  put_number(static_cast<int>(first.quality));
  put(",");
  if (is_missing) {
    put("null");
  } else {
    count(first.channel, first.count);
  }
  put(",");
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): it is set wherever this is reached, which the check cannot see
  put_number(*nanoseconds_after(start_, first.before));
  put(",");
  put_number((first.after - first.before).count());
  if (edge.ticked) {
    put(",");
    count(first.channel, edge.old_count);
    put(",");
    count(first.channel, edge.tick_count);
    put(",");
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): it is set wherever this is reached, which the check cannot see
    put_number(*nanoseconds_after(start_, edge.tick_lo));
    put(",");
    put_number((edge.tick_hi - edge.tick_lo).count());
    if (edge.tick_read != Duration{0}) {
      put(",");
      put_number(edge.tick_read.count());
    }
  }
  put("]");
}

std::string_view Encoder::remark(std::string_view kind, const nlohmann::json& body) {
  text_.clear();
  nlohmann::json members = body.is_object() ? body : nlohmann::json{{"value", body}};
  members.erase("e");
  put("{\"e\":\"");
  put(kind);
  put(members.empty() ? "\"}\n" : "\",");
  if (!members.empty()) {
    const std::string text = to_line(members);
    put(std::string_view(text).substr(1));
    put("\n");
  }
  if (text_.size() > kMaxLineBytes || !is_shallow(text_)) text_.clear();
  return text_;
}

}  // namespace impact
