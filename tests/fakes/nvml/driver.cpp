#include "fakes/nvml/driver.hpp"

#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <nlohmann/json.hpp>

namespace impact::fakes::nvml {
namespace {

std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace

Driver& Driver::instance() {
  static auto* driver = new Driver;  // never destroyed: calls at exit find it
  return *driver;
}

Return Driver::init() {
  const std::lock_guard lock(mutex_);
  if (!loaded_) {
    const Return result = load();
    if (result != kSuccess) return result;
    loaded_ = init_error_ == kSuccess;  // a driver that is not ready yet may be so at the next call
  }
  if (init_error_ != kSuccess) return init_error_;
  ++references_;
  return kSuccess;
}

Return Driver::load() try {
  const char* where = std::getenv("IMPACT_FAKE_NVML");
  const std::string text = where == nullptr ? "{}" : where;
  nlohmann::json config;
  if (text.starts_with('{')) {
    config = nlohmann::json::parse(text);
  } else {
    std::ifstream file(text);
    config = nlohmann::json::parse(file);
  }
  init_error_ = static_cast<Return>(config.value("init_error", 0));
  version_ = config.value("driver_version", version_);
  const bool given = config.contains("epoch_ns") && !config["epoch_ns"].is_null();
  virtual_time_ = config.value("virtual_time", false);
  epoch_ns_ = virtual_time_ ? 0 : given ? config["epoch_ns"].get<std::int64_t>() : clock_ns(CLOCK_MONOTONIC);
  wall_offset_ns_ = virtual_time_ ? 0 : clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
  unsigned index = 0;
  for (const auto& gpu : config.value("gpus", nlohmann::json::array())) gpus_.push_back(Gpu::from(gpu, index++));
  for (index = 0; index < gpus_.size(); ++index) {
    devices_.push_back({&gpus_[index], index, -1});
    for (int mig = 0; mig < static_cast<int>(gpus_[index].mig.size()); ++mig)
      devices_.push_back({&gpus_[index], index, mig});
  }
  return kSuccess;
} catch (const std::exception& error) {
  std::fprintf(stderr, "fake libnvidia-ml: $IMPACT_FAKE_NVML: %s\n", error.what());
  return kUnknown;
}

Return Driver::shutdown() {
  const std::lock_guard lock(mutex_);
  if (references_ == 0) return kUninitialized;
  --references_;
  return kSuccess;
}

std::int64_t Driver::now() const { return virtual_time_ ? virtual_now_ns_ : clock_ns(CLOCK_MONOTONIC) - epoch_ns_; }

unsigned long long Driver::stamp_us(std::int64_t since_epoch_ns) const {
  return static_cast<unsigned long long>((since_epoch_ns + epoch_ns_ + wall_offset_ns_) / 1000);
}

Device* Driver::device(unsigned index, int mig) {
  for (Device& device : devices_)
    if (device.index == index && device.mig == mig) return &device;
  return nullptr;
}

}  // namespace impact::fakes::nvml
