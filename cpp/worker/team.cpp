#include "worker/team.hpp"

#include <stdexcept>

namespace impact::worker {

Team::Team(std::size_t members, std::function<void(std::size_t)> begin) : begin_(std::move(begin)), failures_(members) {
  if (members == 0) {
    throw std::invalid_argument("a team has at least one member");
  }
  for (std::size_t member = 1; member < members; ++member) {
    threads_.emplace_back([this, member] { serve(member); });
  }
}

Team::~Team() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  called_.notify_all();
  for (auto& thread : threads_) {
    thread.join();
  }
}

void Team::run(std::size_t members, const std::function<void(std::size_t)>& work) {
  if (members == 0 || members > size()) {
    throw std::invalid_argument("a team of " + std::to_string(size()) + " cannot be " + std::to_string(members));
  }
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    taking_part_ = members;
    left_ = members - 1;
    failures_.assign(size(), nullptr);
    ++round_;
  }
  called_.notify_all();
  attempt(0, work);
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return left_ == 0; });
  for (const auto& failure : failures_) {
    if (failure) {
      std::rethrow_exception(failure);
    }
  }
}

void Team::attempt(std::size_t member, const std::function<void(std::size_t)>& work) {
  try {
    work(member);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failures_[member] = std::current_exception();
  }
}

void Team::serve(std::size_t member) {
  if (begin_) {
    begin_(member);
  }
  std::uint64_t seen = 0;
  for (;;) {
    const std::function<void(std::size_t)>* work = nullptr;
    {
      std::unique_lock lock(mutex_);
      called_.wait(lock, [&] { return over_ || round_ != seen; });
      if (over_) {
        return;
      }
      seen = round_;
      if (member >= taking_part_) {
        continue;
      }
      work = work_;
    }
    attempt(member, *work);
    const std::lock_guard lock(mutex_);
    if (--left_ == 0) {
      finished_.notify_all();
    }
  }
}

}  // namespace impact::worker
