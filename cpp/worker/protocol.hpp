// The worker's protocol: JSON lines, commands on stdin, events on stdout, nothing else on either.
//
//   start        -> {"event":"hello","protocol":1,"pid":…,"torch_version":…,"devices":["cpu",…],"threads":…}
//
// Commands ("id", any value, comes back in every event of that command) and their answers:
//   list         [network]                                     -> networks: name, title, task, input, classes, parameters,
//                                                                trainable_parameters, macs, gmac, activations, unit, variants
//   load         network [batch size classes layout precision device threads seed batch_norm variant channels deterministic]
//                                                              -> loaded: what was asked, and what it became
//   warmup       [passes=1 phase=infer|train loss optimizer lr] -> warmed: passes, duration_s (weights come back after train)
//   infer        passes|images|seconds [min_passes data subset]  -> a phase
//   train        epochs|passes|images|seconds [data subset data_seed loss optimizer lr lr_schedule momentum weight_decay resume]
//                                                              -> a phase
//   evaluate     [data limit]                                  -> a phase
//   forward      input output                                  -> forwarded: reads "input" tensors from a file, writes "output"
//   save / restore_weights   path                              -> saved / restored: bytes, tensors
//   checkpoint / resume      path                              -> checkpointed / resumed: weights, optimizer, progress, random state
//   unload, quit                                               -> unloaded, bye
//
// A phase. The worker prepares (data, optimizer, one untimed pass if asked for by warmup), then
//   worker {"event":"ready","phase":"train",…}       parent opens its region, then
//   parent {"cmd":"go"}                              worker runs the passes and nothing else
//   worker {"event":"progress",…}                    at most four a second; {"event":"epoch",…} after each epoch
//   worker {"event":"done","begin_ns":…,"end_ns":…}  both readings of CLOCK_MONOTONIC; parent closes its region
// "abort" instead of "go" ends the phase before it began ({"event":"aborted"}).
// While a phase runs, {"cmd":"stop"} ends it before the next batch (done has "stopped":true), and {"cmd":"set","lr":…}
// changes the learning rate from the next batch on; other commands wait until the phase is over.
//
// done: phase, begin_ns, end_ns, duration_s, images, passes, batch, stopped, limit (what ended it), loss (mean of the phase),
//   final_loss, accuracy, correct, epochs, finite, peak_memory_bytes and peak_memory_scope ("phase", or "process" where the
//   system's high-water mark cannot be reset), device_memory {peak_allocated_bytes, peak_reserved_bytes} or null, device (where
//   the outputs really lay), threads, layout, precision, torch_version, batch_norm, network, seed, data,
//   pass_s {mean, std, min, p50, p95, max}, pass_ns (the first 4096 passes). What was not measured is null.
//
// Errors: {"event":"error","kind":…,"what":…,"advice":…,"cmd":…}; the session goes on. Kinds: bad-command, unknown-network,
//   bad-value, no-network, no-data, no-device, out-of-memory, io, numeric, internal.
#pragma once

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace impact::worker {

using Json = nlohmann::ordered_json;

inline constexpr int kProtocolVersion = 1;

/// What the parent is told in an error event.
class ProtocolError : public std::runtime_error {
 public:
  ProtocolError(std::string error_kind, const std::string& what, std::string remedy = "")
      : std::runtime_error(what), kind(std::move(error_kind)), advice(std::move(remedy)) {}
  std::string kind;
  std::string advice;
};

/// Both directions. Commands are read by a thread of its own, so that stop counts while a batch is computed.
class Protocol {
 public:
  Protocol(int input, int output);
  ~Protocol();
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;

  /// Waits for the next command; nothing when the parent has closed its end and all commands were taken.
  std::optional<Json> next();
  /// Writes one event as a line. A parent that is gone ends the process.
  void send(const Json& event);
  /// The same, dropped if the parent does not keep up.
  void send_if_room(const Json& event);

  /// True once stop was asked for, or the parent has gone, since the last clear_stop().
  [[nodiscard]] bool stop_requested() const { return stop_.load(std::memory_order_relaxed); }
  void clear_stop() { stop_.store(closed_.load()); }
  /// A learning rate that came with "set", once.
  std::optional<double> take_lr();

 private:
  void read_loop();
  void handle(const std::string& line);
  void write_line(const std::string& line);

  int input_;
  int output_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Json> commands_;
  std::optional<double> lr_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> closed_{false};
  std::thread reader_;
};

/// Nanoseconds of CLOCK_MONOTONIC.
inline std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace impact::worker
