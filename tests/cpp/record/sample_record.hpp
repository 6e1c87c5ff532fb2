// A small machine, and random events on it, for the tests of the record.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "fakes/random.hpp"
#include "fakes/scratch.hpp"
#include "impact/record/event.hpp"
#include "impact/record/format.hpp"
#include "impact/record/reader.hpp"

namespace impact::record_test {

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline constexpr Instant kStart = instant(5'000'000'123'456);

inline Channel channel(std::string id, Kind kind, Unit unit, double scale) {
  Channel c;
  c.id = std::move(id);
  c.kind = kind;
  c.unit = unit;
  c.scale = scale;
  return c;
}

// Group 0: two RAPL counters; group 1: a gauge and a modelled counter; group 2: one gauge.
inline Header sample_header() {
  Header h;
  h.run_id = "run-1";
  h.start = kStart;
  h.start_utc_ns = 1'790'000'000'123'456'789;
  h.boot_id = "6f1c9f3e-3a55-4a0e-9d39-111111111111";
  h.pid = 4242;
  Channel package = channel("rapl/package-0", Kind::counter, Unit::joule, 1e-6);
  package.source = "rapl_powercap";
  package.device = "cpu:0";
  package.domain = Domain::package;
  package.range = 262'143'328'850;
  package.update_period = std::chrono::milliseconds{1};
  package.tick_jitter = std::chrono::microseconds{20};
  package.max_power = Watts{412.5};
  Channel dram = package;
  dram.id = "rapl/dram-0";
  dram.device = "memory";
  dram.domain = Domain::dram;
  Channel load = channel("cpu/utilisation", Kind::gauge, Unit::ratio, 1e-6);
  load.domain = Domain::other;
  load.quantity = "utilisation";
  Channel model = channel("cpu_model/energy", Kind::counter, Unit::joule, 0.001);
  model.quality = Quality::modelled;
  model.relative_error = 0.30000000000000004;
  h.channels = {package, dram, load, model, channel("nvml/power", Kind::gauge, Unit::watt, 0.001)};
  h.groups = {{"rapl_powercap", {0, 1}}, {"cpu_model", {2, 3}}, {"nvml", {4}}};
  h.info = {{"host",
             {{"cpus", 2},
              {"name",
               "n\xC3\xB6"
               "de"}}},
            {"tags", nlohmann::json::object()},
            {"load", 0.1}};
  return h;
}

inline Reading reading(std::uint32_t channel_index, std::int64_t count, std::int64_t before_us,
                       std::int64_t width_us = 1, Quality quality = Quality::measured) {
  const Instant before = kStart + Duration{before_us * 1000};
  return {channel_index, quality, count, before, before + Duration{width_us * 1000}};
}

// Any 64-bit number, small ones often.
inline std::int64_t any_count(fakes::Random& random) {
  return static_cast<std::int64_t>(random.next() >> random.between(0, 63));
}

// Readings of one round: any counts, qualities, times; in order and complete or not.
inline std::vector<Reading> any_round(fakes::Random& random, const Header& header, std::uint32_t group,
                                      std::int64_t t_us) {
  std::vector<Reading> readings;
  const bool own_times = random.between(0, 5) == 0;
  for (const std::uint32_t c : header.groups[group].channels) {
    Reading r = reading(c, any_count(random), t_us + (own_times ? random.between(-3, 3) : 0),
                        own_times ? random.between(0, 9) : 2, header.channels[c].quality);
    if (random.between(0, 9) == 0) r.quality = static_cast<Quality>(random.between(0, 4));
    if (r.quality == Quality::missing) r.count = 0;
    readings.push_back(r);
  }
  if (random.between(0, 9) == 0) readings.push_back(readings.front());
  if (random.between(0, 9) == 0) readings.erase(readings.begin());
  return readings;
}

inline Mark any_mark(fakes::Random& random, const Header& header, std::int64_t t_us) {
  Mark m;
  m.kind = static_cast<Mark::Kind>(random.between(0, 1));
  m.region = random.next() >> random.between(0, 63);
  m.parent = static_cast<std::uint64_t>(random.between(0, 2));
  if (random.between(0, 1) == 0) m.name = "epoch \"1\"\n\t/\\ \xC3\xA9\x01";
  m.edges = static_cast<Edges>(random.between(0, 1));
  m.at = kStart + Duration{t_us * 1000 + random.between(0, 999)};
  for (std::uint32_t c = 0; c < header.channels.size(); ++c) {
    EdgeReading e;
    e.first = {c, static_cast<Quality>(random.between(0, 4)), any_count(random),
               m.at - Duration{random.between(0, 5000)}, m.at + Duration{random.between(0, 5000)}};
    if (e.first.quality == Quality::missing) e.first.count = 0;
    e.ticked = random.between(0, 1) == 0;
    if (e.ticked) {
      e.old_count = any_count(random);
      e.tick_count = any_count(random);
      e.tick_lo = m.at + Duration{random.between(0, 999'999)};
      e.tick_hi = e.tick_lo + Duration{random.between(0, 999)};
      e.tick_read = Duration{random.between(0, 2)};
    }
    m.readings.push_back(e);
  }
  return m;
}

// All of it as one text: what equality of events means here.
inline std::string said(const Reading& r) {
  return std::to_string(r.channel) + ":" + std::string(to_string(r.quality)) + ":" + std::to_string(r.count) + "@" +
         std::to_string(nanoseconds(r.before)) + "-" + std::to_string(nanoseconds(r.after));
}

inline std::string said(const Event& event) {
  if (const auto* row = std::get_if<Row>(&event)) {
    std::string text = "row " + std::to_string(row->group);
    for (const Reading& r : row->readings) text += " " + said(r);
    return text;
  }
  if (const auto* note = std::get_if<Note>(&event)) return "note " + note->body.dump();
  if (const auto* totals = std::get_if<Totals>(&event)) return "totals " + totals->body.dump();
  const Mark& m = std::get<Mark>(event);
  std::string text = std::string(m.kind == Mark::Kind::enter ? "enter " : "exit ") + std::to_string(m.region) + "<" +
                     std::to_string(m.parent) + " '" + m.name + "' " + std::string(to_string(m.edges)) + " " +
                     std::to_string(nanoseconds(m.at));
  for (const EdgeReading& e : m.readings) {
    text += " " + said(e.first);
    if (e.ticked) {
      text += "/" + std::to_string(e.old_count) + ">" + std::to_string(e.tick_count) + "@" +
              std::to_string(nanoseconds(e.tick_lo)) + "-" + std::to_string(nanoseconds(e.tick_hi));
      if (e.tick_read != Duration{0}) text += "+" + std::to_string(e.tick_read.count());
    }
  }
  return text;
}

// What the record gives back for a round: itself, or a row for each of its readings.
inline std::vector<std::string> said_of_round(const Header& header, std::uint32_t group,
                                              const std::vector<Reading>& round) {
  std::vector<std::uint32_t> channels;
  for (const Reading& r : round) channels.push_back(r.channel);
  if (channels == header.groups[group].channels) return {said(Event{Row{group, round}})};
  std::vector<std::string> rows;
  for (const Reading& r : round) rows.push_back(said(Event{Row{group, {r}}}));
  return rows;
}

inline std::vector<std::string> said_of_rest(RecordReader& reader) {
  std::vector<std::string> all;
  for (Event event; reader.next(event);) all.push_back(said(event));
  return all;
}

}  // namespace impact::record_test
