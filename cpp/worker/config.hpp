// Checks the fields of a command: types, ranges, unknown names with near matches.
#pragma once

#include "worker/networks/network.hpp"
#include "worker/protocol.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace impact::worker {

// Reads fields of one command. Throws ProtocolError("bad-value") that names the field and what it takes.
class Fields {
 public:
  // `known` lists every field the command takes; others are refused with near matches.
  Fields(const Json& command, std::vector<std::string> known);
  [[nodiscard]] bool has(const std::string& name) const;
  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise) const;
  [[nodiscard]] std::string required_text(const std::string& name) const;
  // Reads one of `choices`.
  [[nodiscard]] std::string choice(const std::string& name, const std::string& otherwise,
                                   const std::vector<std::string>& choices) const;
  [[nodiscard]] std::int64_t whole(const std::string& name, std::int64_t otherwise, std::int64_t least) const;
  [[nodiscard]] double number(const std::string& name, double otherwise, double least) const;
  [[nodiscard]] bool flag(const std::string& name, bool otherwise) const;
  // Reads one number or a list of them.
  [[nodiscard]] std::vector<std::int64_t> wholes(const std::string& name) const;

 private:
  [[noreturn]] void refuse(const std::string& name, const std::string& takes) const;
  const Json& command_;
};

// Holds what "load" asked for, with every default filled in.
struct LoadOptions {
  const NetworkSpec* spec = nullptr;
  BuildOptions build;
  std::int64_t batch = 1;
  bool channels_last = false;
  std::string precision = "fp32";
  torch::Device device = torch::kCPU;
  std::int64_t threads = 1;
  std::int64_t replicas = 1;  // are networks side by side, each with its share of a batch
  std::uint64_t seed = 0;
  bool deterministic = false;

  // Lists one a replica: CUDA devices from `device` on, or the CPU again and again.
  [[nodiscard]] std::vector<torch::Device> devices() const;
  // Counts the CPU threads that each replica may use.
  [[nodiscard]] std::int64_t threads_each() const { return std::max<std::int64_t>(1, threads / replicas); }
};
LoadOptions parse_load(const Json& command);
// Reads device, precision and threads alone. Throws ProtocolError where the device or the precision is not to be had.
void read_place(const Fields& fields, LoadOptions& options);

// Says when a phase is over; 0 means that there is no such limit.
struct Limits {
  std::int64_t passes = 0;
  std::int64_t images = 0;
  std::int64_t epochs = 0;
  double seconds = 0;           // no new pass begins after this time, but for min_passes
  std::int64_t min_passes = 0;  // at least this many are run, even beyond `seconds`
  double hard_seconds = 0;      // beyond this none is run, not even for min_passes
};
Limits parse_limits(const Fields& fields, bool with_epochs);

// Throws ProtocolError("bad-value") where the environment (NVIDIA_TF32_OVERRIDE) forces another precision upon CUDA.
void check_forced_precision(const std::string& precision);
// Throws ProtocolError("bad-value") where torch has no bfloat16 for this processor.
void check_bf16_of_processor();
// Tells whether "auto" means channels last for images.
bool channels_last_is_best(const torch::Device& device, const std::string& precision);

// Counts the threads that this process may use at the same time.
std::int64_t available_threads();
// Lists "cpu", and "cuda:0" … where there are any.
std::vector<std::string> available_devices();

}  // namespace impact::worker
