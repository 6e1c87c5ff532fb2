#include "impact/attribution/core_work.hpp"

#include <algorithm>

namespace impact {

std::vector<double> work_weights(std::span<const CpuLoad> cpus) {
  struct Core {
    double idle = 1.0;  // is the part of the time in which no thread of it worked
    double busy = 0.0;
  };
  std::map<unsigned, Core> cores;
  double cycles = 0.0, seconds = 0.0;
  bool all_known = true;
  for (const CpuLoad& cpu : cpus) {
    const double busy = std::clamp(cpu.busy, 0.0, 1.0);
    Core& core = cores[cpu.core];
    core.idle *= 1.0 - busy;
    core.busy += busy;
    all_known = all_known && cpu.hertz > 0.0;
    cycles += busy * cpu.hertz;
    seconds += busy;
  }
  const double mean = all_known && seconds > 0.0 ? cycles / seconds : 0.0;
  std::vector<double> weights;
  weights.reserve(cpus.size());
  for (const CpuLoad& cpu : cpus) {
    const Core& core = cores.at(cpu.core);
    const double shared = core.busy > 0.0 ? (1.0 - core.idle) / core.busy : 1.0;
    weights.push_back(shared * (mean > 0.0 ? cpu.hertz / mean : 1.0));
  }
  return weights;
}

}  // namespace impact
