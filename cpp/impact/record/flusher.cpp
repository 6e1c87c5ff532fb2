#include "impact/record/flusher.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <vector>

#include "impact/host/clock.hpp"
#include "impact/host/fork.hpp"
#include "impact/host/thread.hpp"

namespace impact {
namespace {

using Outboxes = std::vector<std::shared_ptr<Outbox>>;

struct Flusher {
  std::mutex life;  // start and end of the thread; the thread itself takes only `list`
  std::mutex list;
  Outboxes outboxes;
  std::unique_ptr<Thread> thread;

  // `held`: room for the list, which a caller that comes again has from before.
  void flush_all(Outboxes& held) noexcept {
    try {
      {
        const std::lock_guard lock(list);
        held = outboxes;
      }
      for (const auto& outbox : held) {
        outbox->collect();
        outbox->flush();
      }
      held.clear();
      // NOLINTNEXTLINE(bugprone-empty-catch): without memory there is nothing else to do
    } catch (const std::bad_alloc&) {  // no memory for the list: what waits is written next time
    }
  }

  void run(Waker& waker) {
    Outboxes held;
    Instant next = system_clock().now() + kFlushInterval;
    while (waker.sleep_until(next)) {
      flush_all(held);
      // A slow disk must not be asked again at once.
      next = std::max(next + kFlushInterval, system_clock().now());
    }
  }
};

}  // namespace

void start_flushing(const std::shared_ptr<Outbox>& outbox) {
  Flusher& flusher = per_process<Flusher>();
  const std::lock_guard lock(flusher.life);
  {
    const std::lock_guard listing(flusher.list);
    flusher.outboxes.push_back(outbox);
  }
  if (flusher.thread) return;
  try {
    flusher.thread = std::make_unique<Thread>("impact-writer", [&flusher](Waker& waker) { flusher.run(waker); });
  } catch (...) {
    const std::lock_guard listing(flusher.list);
    flusher.outboxes.pop_back();
    throw;
  }
}

void flush_all_records() noexcept {
  Outboxes held;
  per_process<Flusher>().flush_all(held);
}

void stop_flushing(const std::shared_ptr<Outbox>& outbox) noexcept {
  Flusher& flusher = per_process<Flusher>();
  const std::lock_guard lock(flusher.life);
  bool last = false;
  {
    const std::lock_guard listing(flusher.list);
    std::erase(flusher.outboxes, outbox);
    last = flusher.outboxes.empty();
  }
  if (last) flusher.thread.reset();
}

}  // namespace impact
