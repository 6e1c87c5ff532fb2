#pragma once
// One sampling thread and the sources that it reads.

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
  static void let_rest(const std::vector<Entry>& before, const std::vector<Entry>& now);

  const Clock& clock_;
  const Instant origin_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;  // as wished; the thread works on a copy of its own
  std::uint64_t version_ = 0;
  SamplerStats stats_;
  Sink sink_;
  std::unique_ptr<Thread> thread_;  // last: ends before what it uses
};

}  // namespace impact
