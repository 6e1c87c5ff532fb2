#include "impact/sources/nvml_library.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "impact/sources/pci_gpus.hpp"

namespace impact::nvml {
namespace {

using namespace std::chrono_literals;

// "00000000:17:00.0" -> "0000:17:00.0"
std::string sysfs_address(std::string_view bus_id) {
  if (bus_id.size() == 16 && bus_id.starts_with("0000")) bus_id.remove_prefix(4);
  std::string text(bus_id);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// "550.54.14" -> 550.
unsigned driver_major(const Calls& calls) {
  std::array<char, 96> text{};
  if (!calls.driver_version || calls.driver_version(text.data(), static_cast<unsigned>(text.size())) != kSuccess)
    return 0;
  unsigned major = 0;
  std::from_chars(text.data(), text.data() + text.size(), major);
  return major;
}

// A limit may be raised while we look, as sweeps over power limits do: what may be set at most counts as well.
double largest_power_limit_w(const Calls& calls, Device handle) {
  unsigned now_mw = 0, least_mw = 0, most_mw = 0;
  if (!calls.power_limit || calls.power_limit(handle, &now_mw) != kSuccess) now_mw = 0;
  if (!calls.power_limits || calls.power_limits(handle, &least_mw, &most_mw) != kSuccess) most_mw = 0;
  return std::max(now_mw, most_mw) * 1e-3;
}

Gpu describe(const Calls& calls, Device handle, unsigned index) {
  Gpu gpu;
  gpu.handle = handle;
  gpu.index = index;
  std::array<char, 96> text{};
  const auto size = static_cast<unsigned>(text.size());
  if (calls.uuid(handle, text.data(), size) == kSuccess) gpu.uuid = text.data();
  if (calls.name && calls.name(handle, text.data(), size) == kSuccess) gpu.name = text.data();
  PciInfo pci{};
  if (calls.pci_info && calls.pci_info(handle, &pci) == kSuccess) {
    pci.bus_id[sizeof pci.bus_id - 1] = '\0';
    gpu.pci = sysfs_address(pci.bus_id);
  }
  int major = 0, minor = 0;
  if (calls.architecture && calls.architecture(handle, &gpu.architecture) != kSuccess) gpu.architecture = 0;
  if (calls.compute_capability && calls.compute_capability(handle, &major, &minor) == kSuccess) {
    gpu.ga100 = major == 8 && minor == 0;
  }
  gpu.power_limit_w = largest_power_limit_w(calls, handle);
  return gpu;
}

}  // namespace

double Averaging::unseen() const noexcept {
  return period > Duration{0} ? 1 - std::min(1.0, seconds(window) / seconds(period)) : 0.0;
}

Sensing sensing_of(const Gpu& gpu) noexcept {
  const Averaging second{100ms, 1000ms}, tenth{100ms, 100ms}, quarter{100ms, 25ms}, half{20ms, 10ms};
  if (gpu.ga100) return {quarter, quarter, {}, 100ms};
  switch (gpu.architecture) {
    case kKepler: return {{15ms, 15ms}, {15ms, 15ms}, {}, 100ms};
    case kMaxwell:
    case kTuring: return {tenth, tenth, {}, 100ms};
    case kPascal:
    case kVolta: return {half, half, {}, 20ms};
    case kAmpere:
    case kAda: return {gpu.driver == 530 ? tenth : second, tenth, second, 100ms};
    default: return {second, quarter, second, 100ms};  // Hopper; newer ones have not been measured
  }
}

template <class Function>
bool Nvml::take(Function& function, std::initializer_list<const char*> names) const {
  for (const char* name : names) {
    if (function == nullptr) function = library_.symbol<std::remove_pointer_t<Function>>(name);
  }
  return function != nullptr;
}

bool Nvml::resolve() {
  take(calls_.error_string, {"nvmlErrorString"});
  take(calls_.driver_version, {"nvmlSystemGetDriverVersion"});
  take(calls_.name, {"nvmlDeviceGetName"});
  take(calls_.pci_info, {"nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2"});
  take(calls_.architecture, {"nvmlDeviceGetArchitecture"});
  take(calls_.compute_capability, {"nvmlDeviceGetCudaComputeCapability"});
  take(calls_.total_energy, {"nvmlDeviceGetTotalEnergyConsumption"});
  take(calls_.power_usage, {"nvmlDeviceGetPowerUsage"});
  take(calls_.field_values, {"nvmlDeviceGetFieldValues"});
  take(calls_.samples, {"nvmlDeviceGetSamples"});
  take(calls_.power_limit, {"nvmlDeviceGetEnforcedPowerLimit"});
  take(calls_.power_limits, {"nvmlDeviceGetPowerManagementLimitConstraints"});
  resolve_more();
  return take(calls_.init, {"nvmlInit_v2", "nvmlInit"}) && take(calls_.shutdown, {"nvmlShutdown"}) &&
         take(calls_.device_count, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"}) &&
         take(calls_.device_by_index, {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"}) &&
         take(calls_.uuid, {"nvmlDeviceGetUUID"});
}

// What the GPUs do, and how they are cut.
void Nvml::resolve_more() {
  take(calls_.utilization, {"nvmlDeviceGetUtilizationRates"});
  take(calls_.memory_info, {"nvmlDeviceGetMemoryInfo"});
  take(calls_.temperature, {"nvmlDeviceGetTemperature"});
  take(calls_.clock, {"nvmlDeviceGetClockInfo"});
  take(calls_.mig_mode, {"nvmlDeviceGetMigMode"});
  take(calls_.mig_count, {"nvmlDeviceGetMaxMigDeviceCount"});
  take(calls_.mig_by_index, {"nvmlDeviceGetMigDeviceHandleByIndex"});
  take(calls_.gpu_instance, {"nvmlDeviceGetGpuInstanceId"});
  take(calls_.compute_instance, {"nvmlDeviceGetComputeInstanceId"});
  take(calls_.attributes, {"nvmlDeviceGetAttributes_v2"});
}

Error Nvml::failed(const std::string& call, int status) const {
  const char* words = calls_.error_string != nullptr ? calls_.error_string(status) : nullptr;
  const std::string what = fmt::format("{}: {} ({})", call, words != nullptr ? words : "error", status);
  switch (status) {
    case kDriverNotLoaded: return {ErrorKind::absent, what, "sudo modprobe nvidia"};
    case kNoPermission: return {ErrorKind::forbidden, what, "allow this user to read /dev/nvidiactl and /dev/nvidia*"};
    case kVersionMismatch:
      return {ErrorKind::broken, what, "the driver was updated under a running kernel module: reboot"};
    default: return {ErrorKind::broken, what, ""};
  }
}

// The status of the last GPU that gave no handle, if none did.
int Nvml::find_gpus() {
  unsigned count = 0;
  int status = calls_.device_count(&count);
  if (status != kSuccess) return status;
  const unsigned driver = driver_major(calls_);
  for (unsigned i = 0; i < count; ++i) {
    Device handle = nullptr;
    const int handle_status = calls_.device_by_index(i, &handle);
    if (handle_status != kSuccess) {
      status = handle_status;
      continue;
    }
    Gpu gpu = describe(calls_, handle, i);
    gpu.driver = driver;
    if (!gpu.uuid.empty()) gpus_.push_back(std::move(gpu));
  }
  return gpus_.empty() ? status : static_cast<int>(kSuccess);
}

namespace {

constexpr std::string_view kNoGpu = "NVIDIA's driver runs and has no GPU";

// Where Windows puts the library for Linux beside it; containers there have it and no table of libraries that names it.
constexpr const char* kOfWsl = "/usr/lib/wsl/lib/libnvidia-ml.so.1";

Result<Library> open_library(const std::string& name, bool may_be_of_wsl) {
  Result<Library> library = Library::open(name);
  if (library || !may_be_of_wsl) return library;
  Result<Library> of_wsl = Library::open(kOfWsl);
  return of_wsl ? std::move(of_wsl) : std::move(library);
}

}  // namespace

bool may_become_ready(const Error& error) noexcept {
  return error.what == kNoGpu || (error.what.starts_with("nvml") && error.what.find(": ") != std::string::npos);
}

Result<std::shared_ptr<const Nvml>> Nvml::open(const Host& host, const SourceSettings& settings) {
  const std::optional<std::string> chosen = settings.given(kLibrarySetting);
  // A card on the bus without a driver can be mended; a machine without a card needs none.
  const bool card = !nvidia_gpus(host).empty();
  const char* advice = card ? "sudo apt-get install nvidia-driver (Debian: non-free); in a container: --gpus all and "
                              "NVIDIA_DRIVER_CAPABILITIES=compute,utility"
                            : "";
  if (!chosen && !host.is_real()) {
    return Error{ErrorKind::absent, "NVIDIA's driver belongs to the running machine, not to a tree of files", advice};
  }
  const std::string name = chosen.value_or("libnvidia-ml.so.1");
  Result<Library> library = open_library(name, !chosen);
  if (!library) return Error{ErrorKind::absent, "no NVIDIA driver: " + library.error().what, advice};
  std::shared_ptr<Nvml> nvml(new Nvml(std::move(library).value()));
  if (!nvml->resolve()) return Error{ErrorKind::broken, name + " is not NVIDIA's management library", ""};
  if (const int status = nvml->calls_.init(); status != kSuccess) return nvml->failed("nvmlInit", status);
  nvml->started_ = true;
  if (const int status = nvml->find_gpus(); status != kSuccess)
    return nvml->failed("nvmlDeviceGetHandleByIndex", status);
  if (nvml->gpus_.empty()) return Error{ErrorKind::absent, std::string(kNoGpu), ""};
  return std::shared_ptr<const Nvml>(std::move(nvml));
}

int read_energy_mj(const Calls& calls, Device device, unsigned long long& mj) noexcept {
  if (calls.total_energy != nullptr) return calls.total_energy(device, &mj);
  if (calls.field_values == nullptr) return kNotSupported;
  FieldValue field{};
  field.field_id = kFieldEnergy;
  const int status = calls.field_values(device, 1, &field);
  if (status != kSuccess) return status;
  mj = field.value_type == kTypeUnsignedLongLong ? field.value.ull : field.value.ul;
  return field.status;
}

Nvml::~Nvml() {
  if (started_) calls_.shutdown();
}

}  // namespace impact::nvml
