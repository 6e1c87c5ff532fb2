// Sees what a phase really ran in, beside what it was asked: a setting that had no effect must not pass for one.
#pragma once

#include "worker/ops.hpp"
#include "worker/protocol.hpp"

#include <cstdint>
#include <map>
#include <optional>

namespace impact::worker {

// Looks at the operations of a phase's first pass (an addition for each; later passes are left alone) and at the CPU
// time of the process's threads before and after. All calls come from the thread that runs the passes; of several
// replicas, those operations are seen that this thread runs.
class Observation {
 public:
  // Is called before the phase waits for its start.
  void begin(const torch::Device& device);
  void first_pass_begins() { census_.emplace(); }
  void first_pass_done();
  // Is called after the last pass, once its clock was read.
  void end(std::int64_t duration_ns);
  // Tells precision, precision_shares, layout, layout_shares, threads and busy_cpus (protocol.hpp), after end().
  [[nodiscard]] Json report() const;

 private:
  std::optional<ops::Census> census_;
  std::map<std::string, std::int64_t> precisions_, layouts_;  // count multiply-adds
  bool tf32_products_ = false, tf32_cudnn_ = false;
  std::map<std::int64_t, std::int64_t> before_;  // is the CPU time of each thread
  std::optional<std::int64_t> threads_;
  std::optional<double> busy_cpus_;
};

// Counts threads that had a real part in it: at least a twentieth of the busiest one's CPU time, which leaves out those
// that read commands. Returns nothing where the kernel tells no times.
std::optional<std::int64_t> threads_at_work(const std::map<std::int64_t, std::int64_t>& before,
                                            const std::map<std::int64_t, std::int64_t>& after);

}  // namespace impact::worker
