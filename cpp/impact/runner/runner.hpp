#pragma once
// The client of a worker process: starts it, sends commands, hands out its events with the time they came.
//
// A command and an event are one JSON object on one line each (the worker's protocol.hpp says which). The runner does
// not look into them: what a phase means is the caller's.

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "impact/host/child_process.hpp"

namespace impact {

struct WorkerEvent {
  std::string line;    // without the line feed
  Instant received{};  // CLOCK_MONOTONIC, read right after the bytes came
};

// What next() found.
enum class Arrival : std::uint8_t {
  event,
  nothing,  // the time is over, or a signal came first
  ended,    // the worker has ended and every event it sent was handed out
};

// One thread asks for events; any thread may send or kill. No orphan stays: the worker ends when the runner is
// destroyed, when its stream closes, and when this process dies in any way.
class Runner {
 public:
  // Starts `options.command`. Error as of ChildProcess::start.
  static Result<std::unique_ptr<Runner>> start(ChildProcess::Options options);

  int pid() const noexcept { return child_->pid(); }

  // Sends one line; the result is the clock right after the worker could read it. nullopt: the worker has ended or does
  // not take it within the time. The text holds no line feed (std::invalid_argument).
  std::optional<Instant> send(std::string_view line, Duration timeout = std::chrono::seconds(10));

  // The next event. Returns early with `nothing` when a signal arrives, so that its handler can run.
  Arrival next(WorkerEvent& into, Duration timeout);

  // Asks the worker to end by closing its input, kills it after `grace`, reaps it.
  Ending close(Duration grace);
  void kill() noexcept { child_->kill(); }

  // How it ended; nullopt while it runs.
  std::optional<Ending> ending() { return child_->wait(Duration::zero()); }
  // The last of what it wrote on standard error.
  std::string error_output() const { return child_->error_output(); }

 private:
  explicit Runner(std::unique_ptr<ChildProcess> child) : child_(std::move(child)) {}
  bool take_line(WorkerEvent& into);

  std::unique_ptr<ChildProcess> child_;
  std::mutex sending_;  // a line goes out whole
  std::mutex receiving_;
  std::string buffer_;
  std::size_t searched_ = 0;  // no line feed before this
  Instant received_{};
  bool ended_ = false;
};

}  // namespace impact
