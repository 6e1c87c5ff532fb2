// Holds threads that work side by side, one a replica of a network.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace impact::worker {

// Member 0 is the thread that calls run(); the others wait between its calls, since each keeps torch's own threads and
// caches. One thread at a time calls run().
class Team {
 public:
  // `begin`, if given, is the first thing that each member's own thread does (member 0 has none).
  explicit Team(std::size_t members, std::function<void(std::size_t)> begin = {});
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  [[nodiscard]] std::size_t size() const { return threads_.size() + 1; }
  // Does work(i) for the members below `members` at once; returns when all are done and throws what the first of
  // them threw.
  void run(std::size_t members, const std::function<void(std::size_t)>& work);

 private:
  void serve(std::size_t member);
  void attempt(std::size_t member, const std::function<void(std::size_t)>& work);

  std::function<void(std::size_t)> begin_;
  std::mutex mutex_;
  std::condition_variable called_, finished_;
  const std::function<void(std::size_t)>* work_ = nullptr;
  std::uint64_t round_ = 0;
  std::size_t taking_part_ = 0, left_ = 0;
  bool over_ = false;
  std::vector<std::exception_ptr> failures_;
  std::vector<std::thread> threads_;
};

}  // namespace impact::worker
