#pragma once
// The sampling thread of the process: reads every source that somebody wants, at the rate that the hastiest wants, and
// hands the readings over. Fast sources share one thread; each slow one has a thread of its own.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "impact/core/reading.hpp"
#include "impact/core/time.hpp"
#include "impact/sources/source.hpp"

namespace impact {

class Lane;

class Consumer {
 public:
  virtual ~Consumer() = default;
  // One round of one source; channels are indices into its channels(). Called on a sampling thread, never two rounds of
  // one source at once; rounds of different sources may come from different threads.
  virtual void on_readings(std::uint32_t slot, std::span<const Reading> readings) noexcept = 0;
};

// What a consumer wants of one source. `slot` is the consumer's own name for it.
struct Subscription {
  std::shared_ptr<Source> source;
  Duration period;
  std::uint32_t slot = 0;
};

struct SamplerStats {
  std::uint64_t rounds = 0;
  std::uint64_t missed = 0;  // deadlines passed by more than a period
  Duration cpu_time{0};      // of the sampling threads, brought up to date once a second
};

// The slowest that a source may be read so that no counter wraps twice unseen, and no faster than it moves.
Duration sampling_period(const Source& source, Duration interval) noexcept;

class Sampler {
 public:
  Sampler();
  ~Sampler();
  // The sampler of this process; there is one.
  static Sampler& shared();

  // Readings flow from the next round on: the first round of each source comes at once.
  void subscribe(const std::shared_ptr<Consumer>& consumer, std::span<const Subscription> subscriptions);
  // A round under way may still reach the consumer; it is kept alive for it. The last one out ends the fast thread.
  void unsubscribe(const Consumer* consumer);

  SamplerStats stats() const;

 private:
  mutable std::mutex mutex_;
  std::map<const Source*, std::shared_ptr<Lane>> slow_;
  std::shared_ptr<Lane> fast_;
  SamplerStats retired_;  // of lanes that have ended
};

}  // namespace impact
