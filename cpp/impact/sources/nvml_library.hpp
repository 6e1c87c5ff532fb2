#pragma once
// NVIDIA's management library, loaded at run time: the few calls that the readers need, declared here.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/core/time.hpp"
#include "impact/host/host.hpp"
#include "impact/host/library.hpp"
#include "impact/sources/settings.hpp"

namespace impact::nvml {

inline constexpr SourceSetting kLibrarySetting{"nvml", "NVIDIA's management library, in place of the system's",
                                               SettingKind::path};

struct DeviceHandle;  // opaque, the library's own
using Device = DeviceHandle*;

// NOLINTBEGIN(readability-identifier-naming): an enum of these only groups constants of the driver's interface
enum Status : int {
  kSuccess = 0,
  kNotSupported = 3,
  kNoPermission = 4,
  kDriverNotLoaded = 9,
  kVersionMismatch = 18,
};

// NVML_DEVICE_ARCH_*
enum Architecture : unsigned { kKepler = 2, kMaxwell, kPascal, kVolta, kTuring, kAmpere, kAda, kHopper, kBlackwell };
// NOLINTEND(readability-identifier-naming)

struct Utilization {
  unsigned gpu = 0;  // per cent
  unsigned memory = 0;
};
struct Memory {
  unsigned long long total = 0, free = 0, used = 0;
};
struct PciInfo {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};
union Value {
  double d;
  unsigned ui;
  unsigned long ul;
  unsigned long long ull;
};
struct FieldValue {
  unsigned field_id, scope_id;
  long long timestamp, latency_usec;
  int value_type, status;
  Value value;
};
struct Sample {
  unsigned long long time_stamp;  // microseconds of UTC
  Value value;
};
struct Attributes {  // of a MIG device
  unsigned multiprocessors, copy_engines, decoders, encoders, jpeg, ofa, gpu_slices, compute_slices;
  unsigned long long memory_mb;
};
inline constexpr unsigned kFieldEnergy = 83, kFieldPowerAverage = 185, kFieldPowerInstant = 186;
inline constexpr unsigned kScopeGpu = 0, kScopeModule = 1;
inline constexpr int kPowerSamples = 0, kTypeUnsigned = 1, kTypeUnsignedLongLong = 3;

// Pointers to the library's functions; null where the installed version lacks one (only `required` ones are sure).
struct Calls {
  int (*init)() = nullptr;                              // required
  int (*shutdown)() = nullptr;                          // required
  int (*device_count)(unsigned*) = nullptr;             // required
  int (*device_by_index)(unsigned, Device*) = nullptr;  // required
  int (*uuid)(Device, char*, unsigned) = nullptr;       // required
  const char* (*error_string)(int) = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;
  int (*name)(Device, char*, unsigned) = nullptr;
  int (*pci_info)(Device, PciInfo*) = nullptr;
  int (*architecture)(Device, unsigned*) = nullptr;
  int (*compute_capability)(Device, int*, int*) = nullptr;
  int (*total_energy)(Device, unsigned long long*) = nullptr;  // mJ
  int (*power_usage)(Device, unsigned*) = nullptr;             // mW
  int (*field_values)(Device, int, FieldValue*) = nullptr;
  int (*samples)(Device, int, unsigned long long, int*, unsigned*, Sample*) = nullptr;
  int (*power_limit)(Device, unsigned*) = nullptr;              // mW, as it is set now
  int (*power_limits)(Device, unsigned*, unsigned*) = nullptr;  // mW, the least and the most that may be set
  int (*utilization)(Device, Utilization*) = nullptr;
  int (*memory_info)(Device, Memory*) = nullptr;
  int (*temperature)(Device, int, unsigned*) = nullptr;  // degrees Celsius, sensor 0
  int (*clock)(Device, int, unsigned*) = nullptr;        // MHz; 1: the streaming multiprocessors'
  int (*mig_mode)(Device, unsigned*, unsigned*) = nullptr;
  int (*mig_count)(Device, unsigned*) = nullptr;
  int (*mig_by_index)(Device, unsigned, Device*) = nullptr;
  int (*gpu_instance)(Device, unsigned*) = nullptr;
  int (*compute_instance)(Device, unsigned*) = nullptr;
  int (*attributes)(Device, Attributes*) = nullptr;
};

struct Gpu {
  Device handle = nullptr;
  unsigned index = 0;
  std::string uuid;  // "GPU-8f…"
  std::string name;
  std::string pci;  // "0000:17:00.0", as sysfs writes it; empty where unknown
  unsigned architecture = 0;
  unsigned driver = 0;       // first number of the driver's version; 0: unknown
  bool ga100 = false;        // the A100's and A30's chip: its sensors differ from its generation's
  double power_limit_w = 0;  // the most that may be set while we look; 0: unknown
};

// A power value is renewed once a period, with the mean over the window before it.
struct Averaging {
  Duration period{};
  Duration window{};
  // The part of the time that no window sees.
  double unseen() const noexcept;
};

// How a GPU's sensors look at its power (Yang, Adámek, Armour, SC24).
struct Sensing {
  Averaging usage;         // what nvmlDeviceGetPowerUsage and nvidia-smi's power.draw tell
  Averaging instant;       // field 186, and the driver's ring of samples
  Averaging average;       // field 185; zero where there is none
  Duration energy_period;  // of the energy counter
};
Sensing sensing_of(const Gpu& gpu) noexcept;

// The library, started; shut down when the last owner lets go. Its calls may come from any thread.
class Nvml {
 public:
  // Name or path from the setting kLibrarySetting, else libnvidia-ml.so.1. Error: absent (no driver), forbidden (device files),
  // broken (versions of driver and library differ, or no GPU answers).
  static Result<std::shared_ptr<const Nvml>> open(const Host& host, const SourceSettings& settings = {});
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  const Calls& calls() const noexcept { return calls_; }
  // For calls that one reader alone needs.
  const Library& library() const noexcept { return library_; }
  // Whole GPUs that answer; a lost one is left out.
  const std::vector<Gpu>& gpus() const noexcept { return gpus_; }

 private:
  explicit Nvml(Library library) noexcept : library_(std::move(library)) {}
  bool resolve();
  void resolve_more();
  template <class Function>
  bool take(Function& function, std::initializer_list<const char*> names) const;
  Error failed(const std::string& call, int status) const;
  int find_gpus();

  Library library_;
  Calls calls_;
  std::vector<Gpu> gpus_;
  bool started_ = false;
};

// Whether such an error of Nvml::open() may pass while the program runs: the library is there, and the driver does not
// answer yet.
bool may_become_ready(const Error& error) noexcept;

// The energy counter in millijoules: the call of its own, else field 83. Status and value.
int read_energy_mj(const Calls& calls, Device device, unsigned long long& mj) noexcept;

}  // namespace impact::nvml
