#include "impact/host/thread.hpp"

#include <pthread.h>
#include <signal.h>

#include <vector>

#include "impact/host/fork.hpp"

namespace impact {

bool Waker::sleep_until(Instant deadline) {
  const std::chrono::steady_clock::time_point until{deadline.time_since_epoch()};
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, until, [this] { return stop_ || wake_; });
  wake_ = false;
  return !stop_;
}

bool Waker::stopping() const {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void Waker::wake() {
  const std::lock_guard lock(mutex_);
  wake_ = true;
  changed_.notify_one();
}

void Waker::stop() {
  const std::lock_guard lock(mutex_);
  stop_ = true;
  changed_.notify_one();
}

Thread::Thread(const std::string& name, std::function<void(Waker&)> body)
    : waker_(std::make_shared<Waker>()), generation_(fork_generation()) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([waker = waker_, body = std::move(body)] { body(*waker); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

Thread::~Thread() {
  if (generation_ != fork_generation()) {
    // The child has no such thread, and the waker's lock may have been held at the fork: touch neither.
    thread_.detach();
    // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): a child without memory for a pointer ends in any case.
    static auto* abandoned = new std::vector<std::shared_ptr<Waker>>;
    abandoned->push_back(std::move(waker_));  // kept for ever: destroying a condition with waiters would wait for them
    return;
  }
  waker_->stop();
  thread_.join();
}

}  // namespace impact
