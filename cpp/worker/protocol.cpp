#include "worker/protocol.hpp"

#include "worker/process.hpp"

namespace impact::worker {

Protocol::Protocol(int input, int output) : input_(input), output_(output), reader_([this] { read_loop(); }) {}

Protocol::~Protocol() {
  // The reader sits in a read that nothing can interrupt portably; the process is about to end.
  if (closed_.load()) {
    reader_.join();
  } else {
    reader_.detach();
  }
}

void Protocol::read_loop() {
  process::LineReader lines(input_);
  std::string line;
  while (lines.next(line)) {
    if (!line.empty()) {
      handle(line);
    }
  }
  if (process::parent_is_gone()) {
    process::leave_now(0);  // nobody will ever read a result
  }
  const std::lock_guard lock(mutex_);
  closed_.store(true);
  stop_.store(true);
  arrived_.notify_all();
}

void Protocol::handle(const std::string& line) {
  auto command = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  const std::lock_guard lock(mutex_);
  if (command.is_object() && command.contains("cmd")) {
    if (command["cmd"] == "stop") {
      stop_.store(true);
      return;
    }
    if (command["cmd"] == "set") {
      if (command.contains("lr") && command["lr"].is_number()) {
        lr_ = command["lr"].get<double>();
      }
      return;
    }
  } else {
    command = Json{{"cmd", nullptr}, {"line", line.substr(0, 200)}};
  }
  commands_.push_back(std::move(command));
  arrived_.notify_all();
}

std::optional<Json> Protocol::next() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return !commands_.empty() || closed_.load(); });
  if (commands_.empty()) {
    return std::nullopt;
  }
  std::optional<Json> command(std::move(commands_.front()));
  commands_.pop_front();
  return command;
}

std::optional<double> Protocol::take_lr() {
  const std::lock_guard lock(mutex_);
  return std::exchange(lr_, std::nullopt);
}

void Protocol::send(const Json& event) { write_line(event.dump(-1, ' ', false, Json::error_handler_t::replace)); }

void Protocol::send_if_room(const Json& event) {
  if (process::can_write(output_)) {
    send(event);
  }
}

void Protocol::write_line(const std::string& line) {
  if (!process::write_all(output_, line + "\n")) {
    process::leave_now(0);
  }
}

}  // namespace impact::worker
