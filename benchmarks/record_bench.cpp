// What the record costs: a row while it is encoded, a day at 10 Hz on the disk, and reading that day back. Goals: 0.4 µs a
// value, 45 MB, 1 s.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>

#include "fakes/scratch.hpp"
#include "impact/record/format.hpp"
#include "impact/record/reader.hpp"
#include "impact/record/writer.hpp"

namespace {

using namespace impact;

constexpr std::size_t kCounters = 4;
constexpr std::int64_t kRowsADay = 864'000;
constexpr Instant kStart = instant(1'000'000'000'000);

Header machine() {
  Header header;
  header.run_id = "bench";
  header.start = kStart;
  for (const char* id : {"package-0", "dram-0", "package-1", "dram-1", "cpu", "memory"}) {
    Channel channel;
    channel.id = id;
    channel.kind = header.channels.size() < kCounters ? Kind::counter : Kind::gauge;
    header.channels.push_back(channel);
  }
  header.groups = {{"rapl", {0, 1, 2, 3}}, {"state", {4, 5}}};
  return header;
}

// Four counters of about 100 W in µJ, read each 100 ms by a thread that wakes some 50 µs late; load and memory at 1 Hz.
class Day {
 public:
  std::span<const Reading> next_row() {
    ++rows_;
    const std::int64_t late_ns = std::abs(static_cast<std::int64_t>(50'000 * normal_(random_)));
    std::int64_t at = rows_ * 100'000'000 + late_ns;
    for (std::uint32_t i = 0; i < kCounters; ++i) {
      // The counter stands at its last tick, up to a millisecond ago.
      const auto tick_uj = static_cast<std::int64_t>(100'000 * uniform_(random_));
      counters_[i] = {i, Quality::measured, rows_ * 10'000'000 + late_ns / 10 - tick_uj + 1'000'000,
                      kStart + Duration{at}, kStart + Duration{at + 550}};
      at += 600;
    }
    quantise(counters_, kStart);
    return counters_;
  }

  bool state_due() const { return rows_ % 10 == 0; }

  std::span<const Reading> next_state() {
    for (std::uint32_t i = 0; i < state_.size(); ++i) {
      const auto value = static_cast<std::int64_t>((i == 0 ? 1e6 : 6.4e10) * uniform_(random_));
      state_[i] = {static_cast<std::uint32_t>(kCounters) + i, Quality::measured, value, counters_[0].after,
                   counters_[0].after + Duration{90'000}};
    }
    quantise(state_, kStart);
    return state_;
  }

 private:
  std::mt19937_64 random_{1};
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
  std::int64_t rows_ = 0;
  std::array<Reading, kCounters> counters_{};
  std::array<Reading, 2> state_{};
};

// The record of one day, written once for all that read it.
class DayOnDisk {
 public:
  DayOnDisk() {
    auto writer = RecordWriter::create(path(), machine());
    if (!writer) throw std::runtime_error(writer.error().what);
    Day day;
    for (std::int64_t i = 0; i < kRowsADay; ++i) {
      writer.value()->row(0, day.next_row());
      if (day.state_due()) writer.value()->row(1, day.next_state());
      if (i % 10'000 == 0) writer.value()->flush();
    }
    writer.value()->finish({{"energy_j", 1.0}});
  }

  std::filesystem::path path() const { return folder_ / "day.jsonl"; }

 private:
  fakes::Scratch folder_;
};

void encode_row(benchmark::State& state) {
  Encoder encoder(machine());
  Day day;
  std::vector<std::array<Reading, kCounters>> rows(10'000);
  for (auto& row : rows) std::ranges::copy(day.next_row(), row.begin());
  std::size_t next = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes += encoder.row(0, rows[next]).size();
    if (++next == rows.size()) next = 0;
  }
  const auto values = static_cast<double>(state.iterations() * static_cast<std::int64_t>(kCounters));
  state.counters["s_per_value"] = benchmark::Counter(values, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bytes_per_row"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}

void read_day(benchmark::State& state) {
  const DayOnDisk day;
  std::int64_t rows = 0;
  for (auto _ : state) {
    auto reader = RecordReader::open(day.path());
    rows = 0;
    for (Event event; reader.value().next(event);) ++rows;
    if (!reader.value().complete()) state.SkipWithError("the day does not read back");
  }
  state.counters["MB"] = static_cast<double>(std::filesystem::file_size(day.path())) * 1e-6;
  state.counters["events"] = static_cast<double>(rows);
}

BENCHMARK(encode_row);
BENCHMARK(read_day)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
