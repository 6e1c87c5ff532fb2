// What the tracker costs beside the barest loop that reads the same four files: CPU of the sampling, deadlines missed,
// time of one read, of a region's enter and exit, of a tracker's start and stop. Both in one run, on counters that cost
// what sysfs costs (links to a file of sysfs). Prints a table, or one JSON object with --json.
//
//   sampler_cost [--seconds S] [--json]

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "impact/host/file.hpp"
#include "impact/host/perf.hpp"
#include "impact/sources/registry.hpp"
#include "options.hpp"
#include "sysfs_machine.hpp"

namespace {

using namespace impact;
using namespace impact::bench;
using namespace std::chrono_literals;

struct Cost {
  double cpu_percent = 0.0;  // of one core
  std::uint64_t missed = 0;
};

// The barest loop: absolute deadlines, four preads, nothing kept.
Cost bare_loop(const fs::path& root, Duration period, double length_s) {
  std::vector<Descriptor> files;
  for (const char* zone : kZones) {
    files.push_back(std::move(open_for_reading(root / "sys/class/powercap" / zone / "energy_uj")).value());
  }
  Cost cost;
  const double before = process_cpu_s();
  const double start = now_s();
  std::thread loop([&] {
    timespec next{};
    clock_gettime(CLOCK_MONOTONIC, &next);
    const double end = start + length_s;
    std::array<char, 32> text;
    while (now_s() < end) {
      for (const Descriptor& file : files) static_cast<void>(read_at(file, text));
      std::int64_t ns = static_cast<std::int64_t>(next.tv_sec) * 1'000'000'000 + next.tv_nsec + period.count();
      const std::int64_t now = nanoseconds(system_clock().now());
      while (ns < now) {
        ns += period.count();
        ++cost.missed;
      }
      next = {ns / 1'000'000'000, ns % 1'000'000'000};
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nullptr);
    }
  });
  loop.join();
  cost.cpu_percent = 100 * (process_cpu_s() - before) / (now_s() - start);
  return cost;
}

Cost tracked(const fs::path& root, Duration period, double length_s) {
  const auto tracker = Tracker::open(settings_for(root, period), Host{root});
  tracker->start();
  const double percent = cpu_percent(length_s, process_cpu_s);
  const auto missed = tracker->health().at("missed_ticks").get<std::uint64_t>();
  tracker->stop();
  return {percent, missed};
}

// The smallest mean of several batches: noise only ever adds.
template <class F>
double best_us(int batches, int each, F&& work) {
  double best = 1e9;
  for (int b = 0; b < batches; ++b) {
    const double start = now_s();
    for (int i = 0; i < each; ++i) work();
    best = std::min(best, (now_s() - start) / each * 1e6);
  }
  return best;
}

nlohmann::json run(double length_s) {
  const fakes::Scratch scratch;
  const fs::path& root = scratch.path();
  make_machine(root);
  nlohmann::json out;
  for (const auto& [name, period] :
       {std::pair{"1 Hz", Duration{1s}}, std::pair{"10 Hz", Duration{100ms}}, std::pair{"1 kHz", Duration{1ms}}}) {
    // Twice, interleaved, so that a slow drift of the machine touches both alike.
    Cost bare;
    Cost ours;
    for (int i = 0; i < 2; ++i) {
      const Cost b = bare_loop(root, period, length_s / 2);
      const Cost t = tracked(root, period, length_s / 2);
      bare = {bare.cpu_percent + b.cpu_percent / 2, bare.missed + b.missed};
      ours = {ours.cpu_percent + t.cpu_percent / 2, ours.missed + t.missed};
    }
    out["sampling"].push_back({{"rate", name},
                               {"bare_cpu_percent", bare.cpu_percent},
                               {"tracker_cpu_percent", ours.cpu_percent},
                               {"ratio", ours.cpu_percent / bare.cpu_percent},
                               {"bare_missed", bare.missed},
                               {"tracker_missed", ours.missed}});
  }
  const Descriptor file = std::move(open_for_reading(root / "sys/class/powercap/intel-rapl:0/energy_uj")).value();
  std::array<char, 32> text;
  const double pread_us = best_us(50, 2'000, [&] { static_cast<void>(read_at(file, text)); });
  std::vector<Probe> probes = open_sources(Host{root}, std::vector<std::string>{"rapl_powercap"});
  Source* source = nullptr;
  for (Probe& probe : probes) {
    if (probe.source) source = probe.source.get();
  }
  if (source == nullptr) throw std::runtime_error("the fake machine does not open");
  Sink sink;
  const double source_us = best_us(50, 1'000, [&] {
    sink.clear();
    source->read(sink);
  });
  const auto counters = static_cast<double>(source->channels().size());
  // RAPL's own PMU is not needed to see what reading a group costs: four events of the kernel's software PMU, which
  // every machine has. The processor's counters add a register each, and from another package's CPU an interrupt.
  constexpr std::array<std::uint64_t, 4> kCpuClock{};
  if (const Result<PerfGroup> group = PerfGroup::open(1, kCpuClock, 0)) {
    std::array<std::uint64_t, 4> values{};
    const double group_us = best_us(50, 2'000, [&] { static_cast<void>(group.value().read(values)); });
    out["perf_group"] = {{"event_us", group_us / static_cast<double>(values.size())}};
  }
  out["read"] = {
      {"pread_us", pread_us}, {"counter_us", source_us / counters}, {"ratio", source_us / counters / pread_us}};
  {
    const auto tracker = Tracker::open(settings_for(root, 1s), Host{root});
    tracker->start();
    const double both = best_us(50, 200, [&] { tracker->exit(tracker->enter("region")); });
    out["region"] = {{"enter_exit_us", both}, {"over_reads_us", both - 2 * source_us}};
    tracker->stop();
  }
  const double life = best_us(10, 5, [&] {
    const auto tracker = Tracker::open(settings_for(root, 1s), Host{root});
    tracker->start();
    tracker->stop();
  });
  out["tracker"] = {{"open_start_stop_ms", life / 1e3}};
  return out;
}

void print(const nlohmann::json& j) {
  const auto d = [](const nlohmann::json& v) { return v.get<double>(); };
  std::printf("CPU of sampling four counters, %% of a core\n%-8s %12s %12s %8s %12s %12s\n", "rate", "bare loop",
              "tracker", "ratio", "bare missed", "missed");
  for (const auto& row : j["sampling"]) {
    std::printf("%-8s %12.4f %12.4f %8.2f %12s %12s\n", row["rate"].get<std::string>().c_str(),
                d(row["bare_cpu_percent"]), d(row["tracker_cpu_percent"]), d(row["ratio"]),
                row["bare_missed"].dump().c_str(), row["tracker_missed"].dump().c_str());
  }
  std::printf("one counter read         %.3f us; bare pread %.3f us; ratio %.2f\n", d(j["read"]["counter_us"]),
              d(j["read"]["pread_us"]), d(j["read"]["ratio"]));
  if (j.contains("perf_group")) {
    std::printf("one event of a group     %.3f us (four of the software PMU, one read)\n",
                d(j["perf_group"]["event_us"]));
  } else {
    std::printf("one event of a group     not measured: perf_event_open is refused here\n");
  }
  std::printf("region enter + exit      %.2f us, over its reads %.2f us\n", d(j["region"]["enter_exit_us"]),
              d(j["region"]["over_reads_us"]));
  std::printf("tracker open+start+stop  %.3f ms\n", d(j["tracker"]["open_start_stop_ms"]));
}

}  // namespace

int main(int argc, char** argv) {
  const Options options(argc, argv);
  const nlohmann::json result = run(options.number("--seconds", 20));
  if (options.json()) {
    std::printf("%s\n", result.dump(2).c_str());
  } else {
    print(result);
  }
  return 0;
}
