#pragma once
// One sampling thread and the sources that it reads.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "impact/host/thread.hpp"
#include "impact/sampling/sampler.hpp"
#include "impact/sampling/schedule.hpp"

namespace impact {

class Lane {
 public:
  explicit Lane(const std::string& name);
  ~Lane();

  void add(const std::shared_ptr<Consumer>& consumer, const Subscription& subscription);
  void remove(const Consumer* consumer);
  bool empty() const;
  SamplerStats stats() const;

 private:
  struct Subscriber {
    std::shared_ptr<Consumer> consumer;
    std::uint32_t slot;
    Schedule schedule;
  };
  struct Entry {
    std::shared_ptr<Source> source;
    Schedule schedule;
    std::vector<Subscriber> subscribers;
  };

  void run(Waker& waker);
  void round(Entry& entry, Instant now);
  Instant earliest(const std::vector<Entry>& entries, Instant now) const;
  void adopt(std::vector<Entry>& mine) const;
  void renew(std::vector<Entry>& mine, std::uint64_t& version);
  void publish(const SamplerStats& stats) noexcept;
  static void let_rest(const std::vector<Entry>& before, const std::vector<Entry>& now);

  const Clock& clock_;
  const Instant origin_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;  // as wished; the thread works on a copy of its own
  // Looked at and written at each tick without the lock, so that a tick that changes nothing takes none.
  std::atomic<std::uint64_t> version_{0};  // of entries_; grows with the lock held
  std::atomic<std::uint64_t> rounds_{0};
  std::atomic<std::uint64_t> missed_{0};
  std::atomic<Duration> cpu_time_{Duration{0}};
  Sink sink_;
  std::unique_ptr<Thread> thread_;  // last: ends before what it uses
};

}  // namespace impact
