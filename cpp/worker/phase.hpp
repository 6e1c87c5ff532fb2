// Is one measured phase: the handshake, the passes, their times. What a phase computes is the caller's.
#pragma once

#include "worker/compat.hpp"
#include "worker/config.hpp"
#include "worker/observed.hpp"

#include <functional>
#include <optional>

namespace impact::worker {

class Phase {
 public:
  Phase(Protocol& protocol, const LoadOptions& load, std::string name, Limits limits, Json id);

  // Says ready and waits for go. Returns false if the parent said abort, or has gone.
  bool begin(const Json& details);
  // Is asked before every pass; returns true if one more is to be run.
  bool more();
  // Counts the images that the next pass may take at most (the limit's rest), given what it would like to take.
  [[nodiscard]] std::int64_t allowance(std::int64_t wanted) const;
  // Is called after every pass with what it computed. A CUDA device may still be at it: unless time limits the phase, this
  // waits only for the pass before, so that the next one is prepared meanwhile; a pass's time is that from end to end.
  void pass_done(std::int64_t images, const Tensor& output);
  // Tells progress to the parent, at most four times a second, with what `extra` adds.
  void progress(const std::function<void(Json&)>& extra);
  // Reads the clock, and is called right after the last pass.
  void end();
  // Tells everything that the phase itself knows, after end().
  [[nodiscard]] Json report() const;

  [[nodiscard]] std::int64_t passes() const { return passes_; }
  [[nodiscard]] std::int64_t images() const { return images_; }
  void epoch_done() { ++epochs_; }
  void set_expected_passes(std::int64_t passes) { expected_passes_ = passes; }

 private:
  void wait_for_pending();
  [[nodiscard]] Json device_names() const;
  [[nodiscard]] Json pass_statistics() const;

  Protocol& protocol_;
  const LoadOptions& load_;
  std::vector<torch::Device> devices_;
  std::string name_;
  Limits limits_;
  Json id_;
  std::int64_t begin_ns_ = 0, last_ns_ = 0, end_ns_ = 0, next_progress_ns_ = 0;
  std::int64_t passes_ = 0, images_ = 0, epochs_ = 0, expected_passes_ = 0;
  std::vector<std::int64_t> pass_ns_;
  Observation observation_;
  std::optional<compat::Mark> pending_;  // is the last pass, where its end was not seen yet
  std::string ended_by_;
  std::string output_device_;
  bool peak_since_ready_ = false;
};

}  // namespace impact::worker
