#pragma once
// What a second of a CPU's time is worth, beside that of the others of its package: two hardware threads that share a
// core draw hardly more than one, and a faster core more than a slow one. Pure arithmetic.

#include <map>
#include <span>
#include <vector>

namespace impact {

struct CpuLoad {
  unsigned cpu = 0;
  unsigned core = 0;   // unique in the machine: hardware threads of one core have the same
  double busy = 0.0;   // part of the interval, 0 to 1
  double hertz = 0.0;  // 0: not known
};

// Weight of a second of each CPU's time, in the order given: the part of the time in which its core was at work (threads
// taken as independent), over the time that all its threads worked; times the frequency over the mean of those at work.
// 1 for a CPU that has its core to itself where frequencies are not known.
std::vector<double> work_weights(std::span<const CpuLoad> cpus);

}  // namespace impact
