// What the tracker costs beside the barest loop that reads the same four files: CPU of the sampling, deadlines missed,
// time of one read, of a region's enter and exit, of a tracker's start and stop. Both in one run, on counters that cost
// what sysfs costs (links to a file of sysfs). Prints a table, or one JSON object with --json.
//
// The tracker has its default settings, so that the share of the process is read too, and the loop does the same reads.
// That takes the right to mount; without it there is no share in either, and the table says so.
//
//   sampler_cost [--seconds S] [--hz N] [--json]        --hz: the CPU of sampling at that rate, and nothing else

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "impact/host/file.hpp"
#include "impact/host/perf.hpp"
#include "impact/host/process_usage.hpp"
#include "impact/sources/registry.hpp"
#include "options.hpp"
#include "own_root.hpp"
#include "sysfs_machine.hpp"

namespace {

using namespace impact;
using namespace impact::bench;
using namespace std::chrono_literals;

struct Cost {
  double cpu_percent = 0.0;  // of one core
  std::uint64_t missed = 0;
};

// What the default share makes a sampler read once a second: this process's own time and its children's, and the
// machine's. The loop that is compared with does the same calls, and keeps nothing.
class ShareReads {
 public:
  ShareReads() : stat_(std::move(open_for_reading("/proc/stat")).value()) {}
  void each_second() {
    if (seconds_++ % 10 == 0) memory();
    (void)has_children();
    (void)process_cpu_time();
    (void)waited_children_cpu_time();
    static_cast<void>(read_at(stat_, text_));
  }

 private:
  void memory() {  // every ten seconds
    static_cast<void>(read_text("/proc/self/statm"));
    static_cast<void>(read_text("/proc/meminfo", 256));
  }
  Descriptor stat_;
  std::array<char, 256> text_{};
  std::uint64_t seconds_ = 0;
};

constexpr double kSettle_s = 1.2;  // until the first second's work, of which most is done once, is over

// The barest loop: absolute deadlines, the reads that the tracker makes, nothing kept.
Cost bare_loop(const fs::path& root, Duration period, double length_s, bool share) {
  std::vector<Descriptor> files;
  for (const char* zone : kZones) {
    files.push_back(std::move(open_for_reading(root / "sys/class/powercap" / zone / "energy_uj")).value());
  }
  std::optional<ShareReads> share_reads;
  if (share) share_reads.emplace();
  Cost cost;
  const std::int64_t second = std::max<std::int64_t>(1, std::chrono::seconds{1} / period);
  std::jthread loop([&](const std::stop_token& stop) {
    timespec next{};
    clock_gettime(CLOCK_MONOTONIC, &next);
    std::array<char, 32> text;
    for (std::int64_t tick = 0; !stop.stop_requested(); ++tick) {
      for (const Descriptor& file : files) static_cast<void>(read_at(file, text));
      if (share && tick % second == 0) share_reads->each_second();
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
  std::this_thread::sleep_for(std::chrono::duration<double>(kSettle_s));
  cost.cpu_percent = cpu_percent(length_s, process_cpu_s);
  loop = {};
  return cost;
}

TrackerSettings settings_with(const fs::path& root, Duration period, bool share) {
  TrackerSettings settings = settings_for(root, period);
  if (share) settings.share = TrackerSettings{}.share;
  return settings;
}

Cost tracked(const fs::path& root, Duration period, double length_s, bool share) {
  const auto tracker = Tracker::open(settings_with(root, period, share), Host{root});
  tracker->start();
  std::this_thread::sleep_for(std::chrono::duration<double>(kSettle_s));
  const double percent = cpu_percent(length_s, process_cpu_s);
  const auto missed = tracker->health().at("missed_ticks").get<std::uint64_t>();
  tracker->stop();
  return {percent, missed};
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

// In turns of a few seconds, so that what else the machine does touches both alike.
nlohmann::json sampling(const fs::path& root, const char* rate, Duration period, double length_s, bool share) {
  constexpr double kTurn_s = 4.0;
  const int turns = std::max(1, static_cast<int>(length_s / kTurn_s));
  Cost bare;
  Cost ours;
  std::vector<double> ratios;
  for (int turn = 0; turn < turns; ++turn) {
    const Cost b = bare_loop(root, period, length_s / turns, share);
    const Cost t = tracked(root, period, length_s / turns, share);
    bare = {bare.cpu_percent + b.cpu_percent / turns, bare.missed + b.missed};
    ours = {ours.cpu_percent + t.cpu_percent / turns, ours.missed + t.missed};
    ratios.push_back(t.cpu_percent / b.cpu_percent);
  }
  return {{"rate", rate},
          {"bare_cpu_percent", bare.cpu_percent},
          {"tracker_cpu_percent", ours.cpu_percent},
          {"ratio", ours.cpu_percent / bare.cpu_percent},
          {"median_ratio", median(ratios)},
          {"bare_missed", bare.missed},
          {"tracker_missed", ours.missed}};
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

nlohmann::json run(const fs::path& root, double length_s, bool share, double only_hz) {
  nlohmann::json out;
  out["share"] = share;
  for (const auto& [name, period] :
       {std::pair{"1 Hz", Duration{1s}}, std::pair{"10 Hz", Duration{100ms}}, std::pair{"1 kHz", Duration{1ms}}}) {
    if (only_hz == 0 || std::abs(only_hz * seconds(period) - 1.0) < 1e-6)
      out["sampling"].push_back(sampling(root, name, period, length_s, share));
  }
  if (only_hz != 0) return out;
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
  std::printf("CPU of sampling four counters%s, %% of a core\n%-8s %12s %12s %8s %8s %12s %12s\n",
              j["share"].get<bool>() ? " and the process's share" : ", without a share (mounts are refused)", "rate",
              "bare loop", "tracker", "ratio", "median", "bare missed", "missed");
  for (const auto& row : j["sampling"]) {
    std::printf("%-8s %12.4f %12.4f %8.2f %8.2f %12s %12s\n", row["rate"].get<std::string>().c_str(),
                d(row["bare_cpu_percent"]), d(row["tracker_cpu_percent"]), d(row["ratio"]), d(row["median_ratio"]),
                row["bare_missed"].dump().c_str(), row["tracker_missed"].dump().c_str());
  }
  if (!j.contains("read")) return;
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
  return in_own_root(make_counters, [&](const fs::path& root, bool is_real) {
    if (!is_real) make_cpuinfo(root);
    const nlohmann::json result = run(root, options.number("--seconds", 20), is_real, options.number("--hz", 0));
    if (options.json()) {
      std::printf("%s\n", result.dump(2).c_str());
    } else {
      print(result);
    }
    std::fflush(stdout);
    return 0;
  });
}
