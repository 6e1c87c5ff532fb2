// What the windows of NVIDIA's power sensors do to a measurement, and what the readers make good, by architecture and
// by what the energy counter counts. Fake GPUs in virtual time: the same numbers on every machine.
//
//   gpu_windows [--runs N] [--seed S] [--json]

#include <cstdio>

#include "fakes/nvml/window_trial.hpp"
#include "options.hpp"

namespace {

using namespace impact::fakes;

struct Case {
  const char* arch;
  const char* counter;
  const char* words;
};
constexpr Case kCases[] = {
    {"ga100", "power", "A100, its counter counts all"},
    {"ga100", "samples", "A100, its counter counts what its windows see"},
    {"ga100", "", "A100, power alone"},
    {"hopper", "power", "H100, its counter counts all"},
    {"hopper", "samples", "H100, its counter counts what its windows see"},
    {"hopper", "", "H100, power alone"},
    {"ampere", "", "RTX 3090, power alone"},
    {"ada", "", "RTX 4090, power alone"},
    {"volta", "", "V100, power alone"},
    {"pascal", "", "P100, power alone (it has no counter)"},
    {"turing", "", "RTX 2080 Ti, power alone"},
};

}  // namespace

int main(int argc, char** argv) {
  const impact::bench::Options options(argc, argv);
  const int runs = static_cast<int>(options.number("--runs", 200));
  const auto seed = static_cast<std::uint64_t>(options.number("--seed", 1));
  const bool as_json = options.json();
  nlohmann::json rows = nlohmann::json::array();
  if (!as_json) {
    std::printf(
        "mean |error| of %d periodic loads of 3 to 30 s, %% of the true energy\n%-46s %10s %10s %8s %8s %8s %7s\n",
        runs, "", "1 Hz", "10 Hz", "ours", "cut 1 Hz", "10 Hz", "held");
  }
  for (const Case& one : kCases) {
    const TrialErrors e = run_trial(IMPACT_FAKE_NVML_LIBRARY, {one.arch, one.counter, runs, seed});
    const double cut_1hz = 1 - e.ours / e.naive_1hz, cut_10hz = 1 - e.ours / e.naive_10hz;
    rows.push_back({{"case", one.words},
                    {"naive_1hz", e.naive_1hz},
                    {"naive_10hz", e.naive_10hz},
                    {"ours", e.ours},
                    {"worst", e.worst},
                    {"cut_1hz", cut_1hz},
                    {"cut_10hz", cut_10hz},
                    {"held", e.held}});
    if (as_json) continue;
    std::printf("%-46s %10.2f %10.2f %8.3f %7.0f%% %7.0f%% %6.0f%%\n", one.words, 100 * e.naive_1hz, 100 * e.naive_10hz,
                100 * e.ours, 100 * cut_1hz, 100 * cut_10hz, 100 * e.held);
  }
  if (as_json) std::printf("%s\n", rows.dump(2).c_str());
  return 0;
}
