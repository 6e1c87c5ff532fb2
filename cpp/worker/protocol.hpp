// The worker's protocol: JSON lines, commands on stdin, events on stdout, nothing else on either.
//
// At the start: {"event":"hello","protocol":1,"pid":…,"torch_version":…,"blas":…,"allocator":…,"devices":["cpu",…],
//   "gpus":[…],"no_gpu":…,"features":["continue_epoch",…],"threads":…}; gpus: device, name, uuid, pci_bus_id, memory_bytes, compute_capability of every
//   CUDA device; no_gpu: why there is none.
//
// Commands: {"cmd":name, …}; a field "id" of any value comes back in the command's events. What they take -> their answer:
//   list        [network]
//               -> networks: name, title, task, input, classes, parameters, macs, gmac, …; choices: the words of each field
//   load        network [batch size classes channels layout precision device threads replicas seed batch_norm variant
//               deterministic]
//               -> loaded: what was asked for and what it became; gpus: those that it lies on
//   warmup      [passes=1 phase=infer|train loss optimizer lr]
//               -> warmed: passes, duration_s (of the passes alone); weights, statistics and optimizer are as before
//   infer       passes|images|seconds [min_passes hard_seconds data subset data_seed data_folder]
//   train       epochs|passes|images|seconds [as infer, and validation loss optimizer lr lr_schedule momentum
//               weight_decay resume schedule_from schedule_to continue_epoch]
//   evaluate    data [part=test|validation validation subset data_seed data_folder]
//               -> these three are phases, below; validation: share that is kept from the training (of the brain: from
//               the slab that is evaluated), for an evaluation of part "validation"; continue_epoch: the training goes
//               on behind the last image of the epoch that the one before it left, as if it had not been interrupted
//   examples    data [part validation subset data_seed data_folder]
//               -> examples: how many the training part (or `part`) has
//   roof        kind=triad|copy|matmul|convolution seconds|passes [device precision threads array_bytes]
//               -> a phase too, of no network: what is loaded is unloaded. done has roof: bytes or macs of a pass, and
//               what they were taken of
//   forward     input output
//               -> forwarded: one pass over the tensors of a file, "output" written to another
//   save, restore_weights     path
//               -> saved, restored: weights and moving statistics
//   checkpoint, resume        path
//               -> checkpointed, resumed: weights, optimizer, progress, random state
//   unload, quit
//               -> unloaded, bye
//
// A phase. The worker prepares data and optimizer, then
//   worker: {"event":"ready","phase":"train",…}        the parent opens its region
//   parent: {"cmd":"go"}                               the worker runs the passes and nothing else
//   worker: {"event":"progress",…}                     four a second at most; {"event":"epoch",…} after each epoch
//   worker: {"event":"done","begin_ns":…,"end_ns":…}   its readings of CLOCK_MONOTONIC; the parent closes its region
// {"cmd":"abort"} in the place of go gives the phase up ({"event":"aborted"}). While it runs, {"cmd":"stop"} ends it
// before the next batch (done has "stopped":true) and {"cmd":"set","lr":…} changes the learning rate from the next batch
// on; every other command waits until it is over.
//
// done: phase, begin_ns, end_ns, duration_s, images, passes, batch, stopped, limit (what ended it: passes, images, epochs,
//   seconds, data, stop), loss (mean), final_loss, accuracy, correct, epochs, finite, peak_memory_bytes with
//   peak_memory_scope ("phase", or "process" where the system's high-water mark cannot be reset), device_memory
//   {peak_allocated_bytes, peak_reserved_bytes}, device (where the output really lay), devices, threads, layout, precision
//   (these three as they were asked for), observed (what they were found to be), torch_version, batch_norm, variant,
//   network, seed, data, epochs_trained (that have ended, and the part of the one that was left), pass_s {mean, std, min, p50, p95, max}, pass_ns (of the first 4096 passes). What was not
//   measured is null.
// observed: precision (fp32, tf32, bf16, …) and layout of most multiply-adds of the first pass's forward part, precision_shares
//   and layout_shares (of convolutions of images; empty without any) of all of them, threads (those that had a real part
//   in the CPU time), busy_cpus (CPU time over duration).
//
// Errors: {"event":"error","kind":…,"what":…,"advice":…,"cmd":…}, after which the session goes on. Kinds: bad-command,
//   unknown-network, bad-value, no-network, no-data, no-device, out-of-memory, device-lost (nothing will run on it until the
//   worker is started again), io, internal.
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

// Holds what the parent is told in an error event.
class ProtocolError : public std::runtime_error {
 public:
  ProtocolError(std::string error_kind, const std::string& what, std::string remedy = "")
      : std::runtime_error(what), kind(std::move(error_kind)), advice(std::move(remedy)) {}
  std::string kind;
  std::string advice;
};

// Speaks in both directions. Commands are read by a thread of its own, so that stop counts while a batch is computed.
class Protocol {
 public:
  Protocol(int input, int output);
  ~Protocol();
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;

  // Waits for the next command; returns nothing when the parent has closed its end and all were taken.
  std::optional<Json> next();
  // Writes one event as a line. A parent that is gone ends the process.
  void send(const Json& event);
  // Does the same, and drops the event if the parent does not keep up.
  void send_if_room(const Json& event);

  // Returns true once stop was asked for, or the parent has gone, since the last clear_stop().
  [[nodiscard]] bool stop_requested() const { return stop_.load(std::memory_order_relaxed); }
  void clear_stop() { stop_.store(closed_.load()); }
  // Returns a learning rate that came with "set", once.
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

// Returns what a command's events repeat of it.
inline Json id_of(const Json& command) { return command.contains("id") ? command["id"] : Json(nullptr); }

// Returns nanoseconds of CLOCK_MONOTONIC.
inline std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace impact::worker
