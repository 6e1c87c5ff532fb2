// GPUs without a GPU: what a driver says of them, what is said where there is none, what a device's errors mean.
#include "worker/gpus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "driven.hpp"
#include "worker/compat.hpp"
#include "worker/text.hpp"

namespace impact::worker {
namespace {

using testing::HasSubstr;

/// One environment variable for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST(GpuDrivers, NameTheirDevices) {
  const auto driver = ask_gpu_driver(IMPACT_FAKE_CUDA_LIBRARY);
  EXPECT_EQ(driver.problem, "");
  ASSERT_EQ(driver.gpus.size(), 2U);
  const auto& first = driver.gpus[0];
  EXPECT_EQ(first.device, "cuda:0");
  EXPECT_EQ(first.name, "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(first.uuid, "GPU-8a9aaaba-cada-eafa-0a1a-2a3a4a5a6a7a");
  EXPECT_EQ(first.pci_bus_id, "0000:1b:00.0");
  EXPECT_EQ(first.memory_bytes, std::int64_t{80} << 30);
  EXPECT_EQ(first.capability_major, 9);
  EXPECT_EQ(driver.gpus[1].device, "cuda:1");
  EXPECT_EQ(driver.gpus[1].capability_major, 7);
}

TEST(GpuDrivers, SayWhyThereIsNoDevice) {
  EXPECT_THAT(ask_gpu_driver("libcuda-that-is-not-there.so.1").problem, HasSubstr("driver is not installed"));
  const Variable hidden("CUDA_VISIBLE_DEVICES", "7");
  {
    const Variable state("IMPACT_FAKE_CUDA", "none");
    const auto driver = ask_gpu_driver(IMPACT_FAKE_CUDA_LIBRARY);
    EXPECT_TRUE(driver.gpus.empty());
    EXPECT_THAT(driver.problem, HasSubstr("no CUDA-capable device is detected (100)"));
    EXPECT_THAT(driver.problem, HasSubstr("CUDA_VISIBLE_DEVICES is \"7\""));
  }
  const Variable state("IMPACT_FAKE_CUDA", "broken");
  EXPECT_THAT(ask_gpu_driver(IMPACT_FAKE_CUDA_LIBRARY).problem, HasSubstr("system not yet initialized (802)"));
}

TEST(GpuDrivers, AMachineWithoutOneSaysSoInTheRefusal) {
  if (torch::cuda::is_available()) {
    GTEST_SKIP() << "there is a GPU";
  }
  EXPECT_NE(why_no_gpu(), "");
  EXPECT_TRUE(described_gpus({}).empty());
  try {
    parse_load(Json{{"network", "small-cnn"}, {"device", "cuda"}});
    FAIL();
  } catch (const ProtocolError& e) {
    EXPECT_EQ(e.kind, "no-device");
    EXPECT_THAT(e.advice, HasSubstr("sees: cpu; no GPU: " + why_no_gpu()));
  }
}

TEST(Precision, WhatTheEnvironmentForcesIsNotCalledOtherwise) {
  check_forced_precision("fp32");
  {
    const Variable off("NVIDIA_TF32_OVERRIDE", "0");
    check_forced_precision("fp32");
    EXPECT_THROW(check_forced_precision("tf32"), ProtocolError);
  }
  const Variable on("NVIDIA_TF32_OVERRIDE", "1");
  check_forced_precision("tf32");
  EXPECT_THROW(check_forced_precision("fp32"), ProtocolError);
}

TEST(Precision, SwitchesAreTorchs) {
  compat::allow_tf32(true);
  EXPECT_TRUE(at::globalContext().allowTF32CuBLAS());
  EXPECT_TRUE(at::globalContext().allowTF32CuDNN());
  compat::allow_tf32(false);
  EXPECT_FALSE(at::globalContext().allowTF32CuBLAS());
  EXPECT_FALSE(at::globalContext().allowTF32CuDNN());
  compat::set_deterministic(true);
  EXPECT_TRUE(at::globalContext().deterministicCuDNN());
  EXPECT_FALSE(at::globalContext().benchmarkCuDNN());
  EXPECT_STREQ(std::getenv("CUBLAS_WORKSPACE_CONFIG"), ":4096:8");
  compat::set_deterministic(false);
  EXPECT_TRUE(at::globalContext().benchmarkCuDNN());
}

TEST(Layouts, ChannelsLastIsForProcessorsAndTensorCores) {
  const torch::Device gpu(torch::kCUDA, 0);
  EXPECT_TRUE(channels_last_is_best(torch::kCPU, "fp32"));
  EXPECT_FALSE(channels_last_is_best(gpu, "fp32"));
  EXPECT_TRUE(channels_last_is_best(gpu, "tf32"));
  EXPECT_TRUE(channels_last_is_best(gpu, "bf16"));
}

TEST(Devices, ReplicasLieOnGpusNextToOneAnother) {
  LoadOptions options;
  options.device = torch::Device(torch::kCUDA, 1);
  options.replicas = 3;
  const auto devices = options.devices();
  ASSERT_EQ(devices.size(), 3U);
  EXPECT_EQ(devices[0].str(), "cuda:1");
  EXPECT_EQ(devices[2].str(), "cuda:3");
}

TEST(Devices, ACpuNeedsNoWaiting) {
  const std::vector<torch::Device> devices{torch::kCPU, torch::kCPU};
  compat::use_device(torch::kCPU);
  try_devices(devices);
  compat::Mark(devices).wait();
  compat::reset_peak_device_memory(torch::kCPU);
  compat::release_device_memory(torch::kCPU);
  EXPECT_FALSE(compat::device_memory(devices).has_value());
}

TEST(Failures, ArePutIntoTheirKinds) {
  const std::pair<const char*, const char*> messages[] = {
      {"CUDA out of memory. Tried to allocate 20.00 GiB", "out-of-memory"},
      {"CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported", "out-of-memory"},
      {"[enforce fail at alloc_cpu.cpp:75] . DefaultCPUAllocator: not enough memory: you tried", "out-of-memory"},
      {"CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", "out-of-memory"},
      {"CUDA error: no kernel image is available for execution on the device", "no-device"},
      {"CUDA error: CUDA-capable device(s) is/are busy or unavailable", "no-device"},
      {"CUDA error: an illegal memory access was encountered\nCompile with `TORCH_USE_CUDA_DSA`", "device-lost"},
      {"CUDA error: uncorrectable ECC error encountered", "device-lost"},
      {"CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(...)`", "device-lost"},
      {"The size of tensor a (3) must match the size of tensor b (4)", "internal"},
  };
  for (const auto& [message, kind] : messages) {
    EXPECT_EQ(meaning_of(message).kind, kind) << message;
  }
  EXPECT_EQ(first_line("CUDA error: x\nmore"), "CUDA error: x");
}

}  // namespace
}  // namespace impact::worker
