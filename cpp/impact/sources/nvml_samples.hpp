#pragma once
// The driver's own ring of power samples of one GPU: each sample once, at its own time.

#include <vector>

#include "impact/host/clock.hpp"
#include "impact/sources/nvml_library.hpp"

namespace impact::nvml {

struct PowerSample {
  Instant t{};  // the driver's time stamp on the monotonic clock
  double power_w = 0.0;
};

class SampleRing {
 public:
  // Whether the driver keeps one, and how long it is. Samples from before now are passed over.
  SampleRing(const Calls& calls, Device device, const Clock& clock);

  bool exists() const noexcept { return capacity_ > 0; }
  // Appends what is new since the last call, oldest first; false where the driver refused (none new is no refusal).
  bool read(const Calls& calls, const Clock& clock, std::vector<PowerSample>& out);

 private:
  Device device_;
  unsigned capacity_ = 0;
  unsigned long long last_us_ = 0;  // UTC
  std::vector<Sample> buffer_;
};

}  // namespace impact::nvml
