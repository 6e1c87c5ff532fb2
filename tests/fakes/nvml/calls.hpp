// What every call of the fake does first: is the library started, is the handle one of ours, shall this call fail now?
#pragma once

#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include "fakes/nvml/driver.hpp"

namespace impact::fakes::nvml {

/// Runs body(gpu, now) for a call that only a whole GPU answers; on a MIG instance it is not supported.
template <typename Body>
Return on_gpu(const char* call, const Device* device, Body body, bool mig_too = false) {
  Driver& driver = Driver::instance();
  if (!driver.running()) return kUninitialized;
  if (device == nullptr) return kInvalidArgument;
  if (device->gpu->latency_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(device->gpu->latency_us));
  const std::int64_t now = driver.now();
  if (const int code = device->gpu->failure_of(call, now); code != 0) return static_cast<Return>(code);
  if (device->mig >= 0 && !mig_too) return kNotSupported;
  return body(*device->gpu, now);
}

template <typename Number>
Return give(Number* where, Number value) {
  if (where == nullptr) return kInvalidArgument;
  *where = value;
  return kSuccess;
}

inline Return give_text(char* where, unsigned length, const std::string& text) {
  if (where == nullptr) return kInvalidArgument;
  if (length <= text.size()) return kInsufficientSize;
  std::memcpy(where, text.c_str(), text.size() + 1);
  return kSuccess;
}

}  // namespace impact::fakes::nvml
