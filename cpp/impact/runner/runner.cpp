#include "impact/runner/runner.hpp"

#include <stdexcept>

#include "impact/host/clock.hpp"
#include "impact/host/process_id.hpp"

namespace impact {
namespace {

// A worker that sends no line feed for so long is not ours.
constexpr std::size_t kLongestLine = std::size_t{64} << 20U;

}  // namespace

Result<std::unique_ptr<Runner>> Runner::start(ChildProcess::Options options) {
  if (options.command.empty()) throw std::invalid_argument("a runner needs an executable");
  // By this the worker notices that its parent died before it could ask to be told.
  options.environment.emplace_back("IMPACT_WORKER_PARENT", std::to_string(process_id()));
  auto child = ChildProcess::start(options);
  if (!child) return child.error();
  return std::unique_ptr<Runner>(new Runner(std::move(child).value()));
}

std::optional<Instant> Runner::send(std::string_view line, Duration timeout) {
  if (line.find('\n') != std::string_view::npos) throw std::invalid_argument("a command is one line");
  const std::lock_guard lock(sending_);
  if (child_->send(std::string(line) + "\n", timeout) != Transfer::done) return std::nullopt;
  return system_clock().now();
}

bool Runner::take_line(WorkerEvent& into) {
  const auto end = buffer_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = buffer_.size();
    return false;
  }
  into = {buffer_.substr(0, end), received_};
  buffer_.erase(0, end + 1);
  searched_ = 0;
  return true;
}

Arrival Runner::next(WorkerEvent& into, Duration timeout) {
  const std::lock_guard lock(receiving_);
  const auto deadline = system_clock().now() + timeout;
  for (;;) {
    if (take_line(into)) return Arrival::event;
    if (ended_) return Arrival::ended;
    const auto left = std::max(deadline - system_clock().now(), Duration::zero());
    const auto transfer = child_->receive(buffer_, left);
    received_ = system_clock().now();
    if (transfer == Transfer::timed_out || transfer == Transfer::interrupted) return Arrival::nothing;
    ended_ = transfer == Transfer::closed;
    if (buffer_.size() > kLongestLine) {
      child_->kill();
      buffer_.clear();
      searched_ = 0;
      throw std::runtime_error("the worker sent a line without end; it was stopped");
    }
  }
}

Ending Runner::close(Duration grace) {
  child_->close_input();
  // It may be blocked on writing events that nobody takes any more.
  const auto deadline = system_clock().now() + grace;
  WorkerEvent ignored;
  try {
    while (system_clock().now() < deadline) {
      if (next(ignored, deadline - system_clock().now()) == Arrival::ended) break;
    }
  } catch (const std::runtime_error&) {
    // A line without end: it was stopped.
  }
  auto ending = child_->wait(std::max(deadline - system_clock().now(), Duration::zero()));
  if (!ending) {
    child_->kill();
    ending = child_->wait(std::chrono::hours(1));
  }
  return ending.value_or(Ending{});
}

}  // namespace impact
