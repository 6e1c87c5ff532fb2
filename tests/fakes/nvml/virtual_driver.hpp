// The fake driver as a library of its own under virtual time: a copy that one test configures and moves along.
#pragma once

#include <dlfcn.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "fakes/scratch.hpp"
#include "impact/host/clock.hpp"

namespace impact::fakes {

/// While it lives the readers of this process find it as NVIDIA's driver. One at a time.
class VirtualDriver {
 public:
  /// `library`: the fake libnvidia-ml.so.1. `gpus`: the list of gpu_model.hpp, as JSON without its brackets.
  VirtualDriver(const std::string& library, const std::string& gpus) : clock(*this) {
    const std::filesystem::path copy = directory_ / "libnvidia-ml.so.1";
    std::filesystem::copy_file(library, copy);
    ::setenv("IMPACT_TRACKER_NVML", copy.c_str(), 1);
    ::setenv("IMPACT_FAKE_NVML", (R"({"virtual_time": true, "gpus": [)" + gpus + "]}").c_str(), 1);
    handle_ = ::dlopen(copy.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) throw std::runtime_error(::dlerror());
    set_time_ = reinterpret_cast<void (*)(long long)>(::dlsym(handle_, "fakeNvmlSetTime"));
    if (set_time_ == nullptr) throw std::runtime_error("the fake driver has no virtual time");
  }
  VirtualDriver(const VirtualDriver&) = delete;
  ~VirtualDriver() {
    ::unsetenv("IMPACT_TRACKER_NVML");
    ::unsetenv("IMPACT_FAKE_NVML");
    ::dlclose(handle_);
  }

  void set_time(std::int64_t ns) {
    now_ns_ = ns;
    set_time_(ns);
  }

  /// Monotonic and UTC alike: the driver's time.
  class DriverClock final : public Clock {
   public:
    explicit DriverClock(const VirtualDriver& driver) : driver_(driver) {}
    Instant now() const noexcept override { return instant(driver_.now_ns_); }
    std::int64_t utc_ns() const noexcept override { return driver_.now_ns_; }

   private:
    const VirtualDriver& driver_;
  };
  DriverClock clock;

 private:
  Scratch directory_;
  void* handle_ = nullptr;
  void (*set_time_)(long long) = nullptr;
  std::int64_t now_ns_ = 0;
};

}  // namespace impact::fakes
