// The fake driver as a program meets it: loaded at run time, asked by name.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <time.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "fakes/curve.hpp"
#include "fakes/nvml/nvml_abi.hpp"

namespace impact::fakes::nvml {
namespace {

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

struct Handle;

/// One configuration a process: the library keeps it, as a driver would.
class NvmlLibrary : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    epoch_ = now_ns() - 100'000'000'000;  // the machine has run for 100 s
    const std::string config = R"({"epoch_ns": )" + std::to_string(epoch_) + R"(, "driver_version": "535.1", "gpus": [
      {"arch": "hopper", "curve": "sine:400:200:1700ms", "uuid": "GPU-a", "pci": "00000000:4B:00.0", "power_limit_w": 700,
       "processes": [{"pid": 4242, "sm": 37, "memory_mib": 1000}], "utilization": "constant:40", "module_curve": "constant:600"},
      {"arch": "pascal", "curve": "constant:120", "uuid": "GPU-b"},
      {"arch": "ga100", "uuid": "GPU-c", "mig": ["MIG-1", "MIG-2"]},
      {"arch": "volta", "uuid": "GPU-d", "fail": [{"call": "TotalEnergyConsumption", "code": 999}]}]})";
    ::setenv("IMPACT_FAKE_NVML", config.c_str(), 1);
    library_ = ::dlopen(IMPACT_FAKE_NVML_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library_, nullptr) << ::dlerror();
    Handle* none = nullptr;
    EXPECT_EQ(call("nvmlDeviceGetHandleByIndex_v2", 0U, &none), kUninitialized);
    ASSERT_EQ(call("nvmlInit_v2"), kSuccess);
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(call("nvmlShutdown"), kSuccess);
    EXPECT_EQ(call("nvmlShutdown"), kUninitialized);
    ::dlclose(library_);
  }

  template <typename... Arguments>
  static int call(const char* name, Arguments... arguments) {
    auto* function = reinterpret_cast<int (*)(Arguments...)>(::dlsym(library_, name));
    EXPECT_NE(function, nullptr) << name;
    return function == nullptr ? -1 : function(arguments...);
  }
  static Handle* gpu(unsigned index) {
    Handle* handle = nullptr;
    EXPECT_EQ(call("nvmlDeviceGetHandleByIndex_v2", index, &handle), kSuccess);
    return handle;
  }
  static Curve sine() { return Curve::parse("sine:400:200:1700ms"); }

  static inline void* library_ = nullptr;
  static inline std::int64_t epoch_ = 0;
};

TEST_F(NvmlLibrary, CountsAndNames) {
  unsigned count = 0;
  EXPECT_EQ(call("nvmlDeviceGetCount_v2", &count), kSuccess);
  EXPECT_EQ(count, 4U);
  char text[96];
  EXPECT_EQ(call("nvmlSystemGetDriverVersion", text, 96U), kSuccess);
  EXPECT_STREQ(text, "535.1");
  EXPECT_EQ(call("nvmlDeviceGetUUID", gpu(0), text, 96U), kSuccess);
  EXPECT_STREQ(text, "GPU-a");
  EXPECT_EQ(call("nvmlDeviceGetUUID", gpu(0), text, 3U), kInsufficientSize);
  PciInfo pci{};
  EXPECT_EQ(call("nvmlDeviceGetPciInfo_v3", gpu(0), &pci), kSuccess);
  EXPECT_STREQ(pci.bus_id, "00000000:4B:00.0");
  EXPECT_EQ(pci.bus, 0x4BU);
  int major = 0, minor = 0;
  EXPECT_EQ(call("nvmlDeviceGetCudaComputeCapability", gpu(1), &major, &minor), kSuccess);
  EXPECT_EQ(major, 6);
  Handle* none = nullptr;
  EXPECT_EQ(call("nvmlDeviceGetHandleByIndex_v2", 9U, &none), kInvalidArgument);
}

TEST_F(NvmlLibrary, EnergyIsTheCurvesIntegral) {
  unsigned long long first = 0, second = 0;
  const std::int64_t a = now_ns();
  ASSERT_EQ(call("nvmlDeviceGetTotalEnergyConsumption", gpu(0), &first), kSuccess);
  ::timespec pause{0, 130'000'000};
  ::nanosleep(&pause, nullptr);
  const std::int64_t b = now_ns();
  ASSERT_EQ(call("nvmlDeviceGetTotalEnergyConsumption", gpu(0), &second), kSuccess);
  // Each read shows the last multiple of 20 ms, at most 600 W.
  EXPECT_NEAR(static_cast<double>(second - first) * 1e-3, sine().energy_j(a - epoch_, b - epoch_),
              2 * 0.020 * 600 + 0.002);
}

TEST_F(NvmlLibrary, WithoutACounterThereIsPowerOnly) {
  unsigned long long energy = 0;
  unsigned power = 0;
  EXPECT_EQ(call("nvmlDeviceGetTotalEnergyConsumption", gpu(1), &energy), kNotSupported);
  EXPECT_EQ(call("nvmlDeviceGetPowerUsage", gpu(1), &power), kSuccess);
  EXPECT_EQ(power, 120'000U);
  EXPECT_EQ(call("nvmlDeviceGetTotalEnergyConsumption", gpu(3), &energy), kUnknown);
}

TEST_F(NvmlLibrary, FieldsAnswerTogetherEachWithItsReturn) {
  std::vector<FieldValue> fields(6);
  const unsigned ids[] = {83, 185, 186, 185, 191, 4711};
  for (std::size_t i = 0; i < fields.size(); ++i) fields[i].field_id = ids[i];
  fields[3].scope_id = kScopeModule;
  const std::int64_t before = now_ns() - epoch_;
  ASSERT_EQ(call("nvmlDeviceGetFieldValues", gpu(0), 6, fields.data()), kSuccess);
  const std::int64_t update = before - before % 100'000'000;
  EXPECT_EQ(fields[0].value_type, kTypeUnsignedLongLong);
  EXPECT_EQ(fields[0].value.ull, fields[4].value.ull);
  if ((now_ns() - epoch_) / 100'000'000 == update / 100'000'000) {
    EXPECT_NEAR(fields[1].value.ui * 1e-3, sine().mean_w(update - 1'000'000'000, update), 1e-3);
    EXPECT_NEAR(fields[2].value.ui * 1e-3, sine().mean_w(update - 25'000'000, update), 1e-3);
  }
  EXPECT_EQ(fields[3].value.ui, 600'000U);
  EXPECT_EQ(fields[5].nvml_return, kNotSupported);
  EXPECT_NEAR(static_cast<double>(fields[0].timestamp) * 1e-6, static_cast<double>(::time(nullptr)), 3.0);
}

TEST_F(NvmlLibrary, TheRingHoldsEachUpdateOnce) {
  int type = 0;
  unsigned count = 0;
  ASSERT_EQ(call("nvmlDeviceGetSamples", gpu(0), 0, 0ULL, &type, &count, static_cast<Sample*>(nullptr)), kSuccess);
  std::vector<Sample> ring(count);
  ASSERT_EQ(call("nvmlDeviceGetSamples", gpu(0), 0, 0ULL, &type, &count, ring.data()), kSuccess);
  ASSERT_EQ(count, 120U);
  for (std::size_t i = 1; i < ring.size(); ++i)
    ASSERT_NEAR(static_cast<double>(ring[i].time_stamp - ring[i - 1].time_stamp), 100'000, 1);
  unsigned more = 120;
  std::vector<Sample> later(120);
  const int result = call("nvmlDeviceGetSamples", gpu(0), 0, ring.back().time_stamp, &type, &more, later.data());
  EXPECT_TRUE(result == kNotFound || (result == kSuccess && more <= 1));
}

TEST_F(NvmlLibrary, ProcessesOfAGpu) {
  unsigned count = 0;
  EXPECT_EQ(call("nvmlDeviceGetComputeRunningProcesses_v3", gpu(0), &count, static_cast<ProcessInfo*>(nullptr)),
            kInsufficientSize);
  std::vector<ProcessInfo> infos(count);
  ASSERT_EQ(call("nvmlDeviceGetComputeRunningProcesses_v3", gpu(0), &count, infos.data()), kSuccess);
  EXPECT_EQ(infos.at(0).pid, 4242U);
  EXPECT_EQ(infos.at(0).used_gpu_memory, 1000ULL << 20);
  ProcessUtilizationSample sample{};
  count = 1;
  ASSERT_EQ(call("nvmlDeviceGetProcessUtilization", gpu(0), &sample, &count, 0ULL), kSuccess);
  EXPECT_EQ(sample.sm_util, 37U);
  Utilization rates{};
  ASSERT_EQ(call("nvmlDeviceGetUtilizationRates", gpu(0), &rates), kSuccess);
  EXPECT_EQ(rates.gpu, 40U);
}

TEST_F(NvmlLibrary, MigInstancesHaveNoEnergyOfTheirOwn) {
  unsigned current = 0, pending = 0;
  ASSERT_EQ(call("nvmlDeviceGetMigMode", gpu(2), &current, &pending), kSuccess);
  EXPECT_EQ(current, 1U);
  Handle* instance = nullptr;
  ASSERT_EQ(call("nvmlDeviceGetMigDeviceHandleByIndex", gpu(2), 1U, &instance), kSuccess);
  char text[96];
  EXPECT_EQ(call("nvmlDeviceGetUUID", instance, text, 96U), kSuccess);
  EXPECT_STREQ(text, "MIG-2");
  unsigned long long energy = 0;
  EXPECT_EQ(call("nvmlDeviceGetTotalEnergyConsumption", instance, &energy), kNotSupported);
  EXPECT_EQ(call("nvmlDeviceGetTotalEnergyConsumption", gpu(2), &energy), kSuccess);
  Handle* whole = nullptr;
  EXPECT_EQ(call("nvmlDeviceGetDeviceHandleFromMigDeviceHandle", instance, &whole), kSuccess);
  EXPECT_EQ(whole, gpu(2));
  EXPECT_EQ(call("nvmlDeviceGetMigMode", gpu(1), &current, &pending), kNotSupported);
}

}  // namespace
}  // namespace impact::fakes::nvml
