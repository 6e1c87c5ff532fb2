#pragma once
// A thread as an object: it runs a body until asked to stop, and is joined by its destructor.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "impact/core/time.hpp"

namespace impact {

// What the body of a Thread sees: when to stop, and a way to sleep that a stop or a wake cuts short.
class Waker {
 public:
  // Sleeps until the deadline (CLOCK_MONOTONIC), a wake() or a stop; false once a stop is asked for.
  bool sleep_until(Instant deadline);
  bool stopping() const;
  void wake();
  void stop();

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  bool wake_ = false;
};

// All signals are blocked in it, so that handlers run in the program's own threads. `name` shows in ps and top.
// In a forked child the thread does not exist: its destructor there detaches instead of joining.
class Thread {
 public:
  Thread(const std::string& name, std::function<void(Waker&)> body);
  ~Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  void wake() { waker_->wake(); }

 private:
  std::shared_ptr<Waker> waker_;
  std::uint32_t generation_;
  std::thread thread_;
};

}  // namespace impact
