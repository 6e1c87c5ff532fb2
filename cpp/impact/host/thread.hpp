#pragma once
// Makes a thread an object: it runs a body until it is asked to stop, and its destructor joins it.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "impact/core/time.hpp"

namespace impact {

// Gives the body of a Thread a way to sleep that a stop or a wake cuts short. It is one word that the kernel waits on:
// a condition variable would cost each tick of the sampler a system call more.
class Waker {
 public:
  // Sleeps until the deadline (CLOCK_MONOTONIC), a wake() or a stop; returns false once a stop is asked for.
  bool sleep_until(Instant deadline) noexcept;
  void wake() noexcept;
  void stop() noexcept;

 private:
  static constexpr std::uint32_t kWake = 1;
  static constexpr std::uint32_t kStop = 2;

  void ask(std::uint32_t what) noexcept;  // each system has its own way to sleep and to be woken
  std::atomic<std::uint32_t> asked_{0};
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

// Tells whether the calling thread is the body of a Thread, which never takes a signal.
bool is_without_signals() noexcept;

}  // namespace impact
