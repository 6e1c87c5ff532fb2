#pragma once
// Computes what a second of a CPU's time is worth, beside that of the others of its package: two hardware threads that
// share a core draw hardly more than one, and a faster core more than a slow one. It is pure arithmetic.

#include <map>
#include <span>
#include <vector>

namespace impact {

struct CpuLoad {
  unsigned cpu = 0;
  unsigned core = 0;   // the number is unique in the machine, and hardware threads of one core have the same
  double busy = 0.0;   // is the part of the interval in which it worked, 0 to 1
  double hertz = 0.0;  // is 0 where it is not known
};

// Returns the weight of a second of each CPU's time, in the order given: the part of the time in which its core was at
// work (threads are taken as independent), over the time that all its threads worked; times the frequency over the mean
// of those at work. A CPU that has its core to itself weighs 1 where frequencies are not known.
std::vector<double> work_weights(std::span<const CpuLoad> cpus);

}  // namespace impact
