// How much a tracked program loses: all cores busy with a fixed piece of work, with and without a tracker, in pairs.
// First the slow-down that the CPU time of the tracker's threads amounts to, then what the pairs saw. On a machine that
// does something else the pairs scatter more than the tracker costs: the interval says so.
//
//   slowdown [--pairs N] [--seconds S] [--json]

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "options.hpp"
#include "sysfs_machine.hpp"

namespace {

using namespace impact;
using namespace impact::bench;
using namespace std::chrono_literals;

// Work that the compiler cannot take away: steps of a linear congruential generator.
std::uint64_t work(std::uint64_t steps) {
  std::uint64_t x = 1;
  for (std::uint64_t i = 0; i < steps; ++i) x = x * 6364136223846793005ULL + 1442695040888963407ULL;
  return x;
}

struct Busy {
  double wall_s = 0.0;
  double cpu_s = 0.0;  // of the whole process
};

Busy all_cores(std::uint64_t steps) {
  std::atomic<std::uint64_t> sink{0};
  const double start = now_s();
  const double cpu = process_cpu_s();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
    threads.emplace_back([&] { sink += work(steps); });
  for (std::thread& t : threads) t.join();
  return {now_s() - start, process_cpu_s() - cpu};
}

nlohmann::json measure(const fs::path& root, const char* rate, Duration period, int pairs, std::uint64_t steps) {
  std::vector<double> ratios;
  double extra_cpu = 0.0;
  double tracked_wall = 0.0;
  for (int i = 0; i < pairs; ++i) {
    double wall[2] = {0.0, 0.0};
    for (int turn = 0; turn < 2; ++turn) {
      const bool with = (turn + i) % 2 == 0;  // the order alternates
      std::shared_ptr<Tracker> tracker;
      if (with) {
        tracker = Tracker::open(settings_for(root, period), Host{root});
        tracker->start();
      }
      const Busy busy = all_cores(steps);
      wall[with ? 1 : 0] = busy.wall_s;
      if (with) {
        tracked_wall += busy.wall_s;
        tracker->stop();  // the sampling thread's last word on its CPU time comes with its end
        extra_cpu += tracker->health().at("sampler_cpu_s").get<double>();
      }
    }
    ratios.push_back(wall[1] / wall[0] - 1.0);
  }
  double mean = 0.0;
  for (const double r : ratios) mean += r / pairs;
  double variance = 0.0;
  for (const double r : ratios) variance += (r - mean) * (r - mean) / std::max(1, pairs - 1);
  const double cores = std::max(1U, std::thread::hardware_concurrency());
  return {{"rate", rate},
          {"slowdown_from_cpu_percent", 100 * extra_cpu / tracked_wall / cores},
          {"paired_percent", 100 * mean},
          {"paired_half_width_percent", 100 * 1.96 * std::sqrt(variance / pairs)},
          {"pairs", pairs}};
}

}  // namespace

int main(int argc, char** argv) {
  const Options options(argc, argv);
  const int pairs = std::max(2, static_cast<int>(options.number("--pairs", 10)));
  const double length_s = options.number("--seconds", 3);
  constexpr std::uint64_t kTrial = 200'000'000;
  const double trial_s = all_cores(kTrial).wall_s;
  const auto steps = static_cast<std::uint64_t>(static_cast<double>(kTrial) * length_s / trial_s);
  const fakes::Scratch scratch;
  make_machine(scratch.path());
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& [rate, period] : {std::pair{"10 Hz", Duration{100ms}}, std::pair{"1 kHz", Duration{1ms}}}) {
    rows.push_back(measure(scratch.path(), rate, period, pairs, steps));
  }
  if (options.json()) {
    std::printf("%s\n", rows.dump(2).c_str());
    return 0;
  }
  std::printf("slow-down of all cores busy, four counters\n%-8s %16s %28s\n", "rate", "from CPU time",
              "paired runs (95 %)");
  for (const auto& r : rows) {
    std::printf("%-8s %14.4f %% %14.3f %% +- %.3f %%\n", r["rate"].get<std::string>().c_str(),
                r["slowdown_from_cpu_percent"].get<double>(), r["paired_percent"].get<double>(),
                r["paired_half_width_percent"].get<double>());
  }
  return 0;
}
