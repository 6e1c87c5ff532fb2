// Measures the most that a device does: bytes moved to and from memory, and multiply-adds, in a second. The parent measures
// the energy of the phase at the same time.
#pragma once

#include "worker/config.hpp"
#include "worker/phase.hpp"

#include <functional>

namespace impact::worker {

struct RoofOptions {
  std::string kind = "triad";  // triad, copy: of memory; matmul, convolution: of arithmetic
  LoadOptions load;            // device, precision and threads
  Limits limits;
  std::int64_t array_bytes = 0;  // of each array of triad and copy; 0: large against the last cache
};
RoofOptions parse_roof(const Json& command);

// One kind of work, prepared: arrays are filled, the size that goes fastest is found, and a pass is long enough to be
// timed by itself.
class Roof {
 public:
  explicit Roof(RoofOptions options);

  [[nodiscard]] const LoadOptions& load() const { return options_.load; }
  // Tells whether it is what these options ask for, whatever their limits.
  [[nodiscard]] bool is_of(const RoofOptions& options) const;
  // Tells the kind, the work of a pass (bytes or macs, the other null) and what it is taken of.
  [[nodiscard]] Json description() const;
  // Runs the passes of a phase that has begun, and tells what came of it.
  Json run(Phase& phase);

 private:
  struct Work {
    std::function<Tensor()> run;
    double amount = 0;  // bytes or multiply-adds
    std::string what;   // is what it is taken of, for people: "2048 x 2048"
  };
  Work memory_work() const;
  Work products(std::int64_t side) const;
  Work convolutions(std::int64_t images) const;
  // Tries larger and larger work until it gets no faster, and keeps the fastest.
  void choose(const std::function<Work(std::int64_t)>& make, std::int64_t first, std::int64_t most);
  // Returns the least seconds of some runs.
  double seconds_of(const Work& work) const;

  RoofOptions options_;
  std::int64_t array_bytes_ = 0;
  Work work_;
  std::int64_t repeats_ = 1;  // of the work in a pass
};

// Returns the bytes of each of three arrays: four times the last caches, within what is free. `asked`: 0 for no wish.
std::int64_t roof_array_bytes(std::int64_t asked, std::optional<std::int64_t> caches, std::optional<std::int64_t> free);

}  // namespace impact::worker
