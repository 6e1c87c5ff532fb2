// The one driver of the process that the fake library plays: its GPUs, its clock, its reference count.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "fakes/nvml/gpu_model.hpp"
#include "fakes/nvml/nvml_abi.hpp"

namespace impact::fakes::nvml {

/// What a handle points at: a GPU, or one MIG instance of it.
struct Device {
  const Gpu* gpu = nullptr;
  unsigned index = 0;
  int mig = -1;  ///< -1: the whole GPU
};

/// $IMPACT_FAKE_NVML names a file of JSON, or is JSON itself:
///   {"epoch_ns": null | CLOCK_MONOTONIC, "driver_version": "550.54.14", "init_error": 0, "gpus": [gpu_model.hpp …]}
/// Without the variable: a driver without GPUs. The epoch is the time of the first nvmlInit where none is given.
/// With "virtual_time": true it is 0, and the time is what fakeNvmlSetTime(ns) said last; UTC is the same.
class Driver {
 public:
  static Driver& instance();

  Return init();
  Return shutdown();
  bool running() const { return references_ > 0; }

  /// ns since the epoch.
  std::int64_t now() const;
  void set_time(std::int64_t ns) { virtual_now_ns_ = ns; }
  /// A time since the epoch as NVML stamps it: microseconds of the wall clock.
  unsigned long long stamp_us(std::int64_t since_epoch_ns) const;

  const std::string& version() const { return version_; }
  const std::vector<Gpu>& gpus() const { return gpus_; }
  /// Handles stay valid for the life of the process, as a careless program expects.
  Device* device(unsigned index, int mig = -1);

 private:
  Return load();

  std::mutex mutex_;
  int references_ = 0;
  bool loaded_ = false, virtual_time_ = false;
  std::int64_t virtual_now_ns_ = 0;
  Return init_error_ = kSuccess;
  std::int64_t epoch_ns_ = 0;
  std::int64_t wall_offset_ns_ = 0;  ///< taken once, so that one sample keeps one stamp
  std::string version_ = "550.54.14";
  std::vector<Gpu> gpus_;
  std::vector<Device> devices_;
};

}  // namespace impact::fakes::nvml
