#include "impact/sampling/lane.hpp"

#include <algorithm>

namespace impact {

Lane::Lane(const std::string& name) : clock_(system_clock()), origin_(clock_.now()) {
  thread_ = std::make_unique<Thread>(name, [this](Waker& waker) { run(waker); });
}

Lane::~Lane() = default;

// Renews the thread's own copy of the list: sources that it read before keep their place, new ones are due at once.
void Lane::adopt(std::vector<Entry>& mine) const {
  std::vector<Entry> wished = entries_;
  for (Entry& entry : wished) {
    const auto old = std::ranges::find(mine, entry.source, &Entry::source);
    Instant next = entry.schedule.next();
    Duration period = std::chrono::hours{1};
    for (Subscriber& subscriber : entry.subscribers) {
      if (old != mine.end()) {
        const auto before = std::ranges::find_if(old->subscribers, [&](const Subscriber& s) {
          return s.consumer == subscriber.consumer && s.slot == subscriber.slot;
        });
        if (before != old->subscribers.end()) subscriber.schedule = before->schedule;
      }
      next = &subscriber == entry.subscribers.data() ? subscriber.schedule.next()
                                                     : std::min(next, subscriber.schedule.next());
      period = std::min(period, subscriber.schedule.period());
    }
    entry.schedule = Schedule{origin_, period, next};
  }
  mine = std::move(wished);
}

// Drops the sources that nobody wants any more.
void Lane::let_rest(const std::vector<Entry>& before, const std::vector<Entry>& now) {
  for (const Entry& entry : before) {
    if (std::ranges::find(now, entry.source, &Entry::source) == now.end()) entry.source->rest();
  }
}

void Lane::add(const std::shared_ptr<Consumer>& consumer, const Subscription& subscription) {
  const Instant now = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    auto entry = std::ranges::find(entries_, subscription.source, &Entry::source);
    if (entry == entries_.end()) {
      entry = entries_.insert(entries_.end(), {subscription.source, Schedule{origin_, subscription.period, now}, {}});
    }
    entry->subscribers.push_back({consumer, subscription.slot, Schedule{origin_, subscription.period, now}});
    ++version_;
  }
  thread_->wake();
}

void Lane::remove(const Consumer* consumer) {
  {
    const std::lock_guard lock(mutex_);
    for (Entry& entry : entries_) {
      std::erase_if(entry.subscribers, [&](const Subscriber& s) { return s.consumer.get() == consumer; });
    }
    std::erase_if(entries_, [](const Entry& e) { return e.subscribers.empty(); });
    ++version_;
  }
  thread_->wake();  // so that its copy lets go of the consumer
}

bool Lane::empty() const {
  const std::lock_guard lock(mutex_);
  return entries_.empty();
}

SamplerStats Lane::stats() const { return {rounds_.load(), missed_.load(), cpu_time_.load()}; }

void Lane::publish(const SamplerStats& stats) noexcept {
  rounds_.store(stats.rounds, std::memory_order_relaxed);
  missed_.store(stats.missed, std::memory_order_relaxed);
  cpu_time_.store(stats.cpu_time, std::memory_order_relaxed);
}

// Takes over what is wished now, if it has changed; what is let go of is let go of without the lock.
void Lane::renew(std::vector<Entry>& mine, std::uint64_t& version) {
  if (version == version_.load(std::memory_order_acquire)) return;
  std::vector<Entry> before;
  {
    const std::lock_guard lock(mutex_);
    before = mine;
    adopt(mine);
    version = version_.load(std::memory_order_relaxed);
  }
  let_rest(before, mine);
}

Instant Lane::earliest(const std::vector<Entry>& entries, Instant now) const {
  Instant next = now + std::chrono::hours{1};
  for (const Entry& entry : entries) next = std::min(next, entry.schedule.next());
  return next;
}

void Lane::round(Entry& entry, Instant now) {
  sink_.clear();
  entry.source->read(sink_);
  for (Subscriber& subscriber : entry.subscribers) {
    if (!subscriber.schedule.due(now)) continue;
    subscriber.consumer->on_readings(subscriber.slot, sink_.readings());
    subscriber.schedule.advance(now);
  }
}

void Lane::run(Waker& waker) {
  std::vector<Entry> entries;
  std::uint64_t version = 0;
  SamplerStats stats;
  Instant next_cpu_look = origin_;
  Instant next = origin_;
  do {
    renew(entries, version);
    const Instant now = clock_.now();
    for (Entry& entry : entries) {
      if (!entry.schedule.due(now)) continue;
      round(entry, now);
      ++stats.rounds;
      stats.missed += entry.schedule.advance(clock_.now());
    }
    if (now >= next_cpu_look) {
      stats.cpu_time = thread_cpu_time();
      next_cpu_look = now + std::chrono::seconds{1};
    }
    publish(stats);
    next = earliest(entries, now);
  } while (waker.sleep_until(next));
  stats.cpu_time = thread_cpu_time();
  publish(stats);
}

}  // namespace impact
