// Energy of AMD GPUs through amd_smi or rocm_smi
//
// Measures   Each GPU's energy counter (MI200 and later, most Radeon since Navi).
// Needs      libamd_smi.so or librocm_smi64.so of ROCm (another by IMPACT_TRACKER_AMDSMI); membership in the groups
//            video or render on some systems. Not inside a guest.
// Channels   amdsmi/gpu:pci-<address>/energy in J; J per count from the library (15.3 uJ as a rule).
// Resolution The firmware renews it about every 1 ms.
// Known faults
//   - A counter that stands still (MI100) or implies more than 3 kW (wrong unit in some releases) is refused; hwmon's
//     power is then what is left. Of a board with two dies one counts for both.

#include <fmt/format.h>

#include <array>
#include <optional>
#include <span>
#include <thread>

#include "impact/host/library.hpp"
#include "impact/sources/pci_gpus.hpp"
#include "impact/sources/read_in_turn.hpp"
#include "impact/sources/settings.hpp"

namespace impact {
namespace {

constexpr SourceSetting kLibrary{"amdsmi", "AMD's management library, in place of the system's", SettingKind::path};
constexpr std::array kSettings{kLibrary};

struct Count {
  std::uint64_t value = 0;
  double joules = 0;  // are the joules of one count
};

// Gives either library the same face.
class Smi {
 public:
  virtual ~Smi() = default;
  virtual std::size_t size() const noexcept = 0;
  virtual std::optional<std::uint64_t> place(
      std::size_t gpu) const noexcept = 0;  // has the bits domain:48 bus:8 device:5 function:3
  virtual std::optional<Count> energy(std::size_t gpu) const noexcept = 0;
};

std::optional<Count> checked(int status, std::uint64_t value, float microjoules) noexcept {
  if (status != 0 || !(microjoules > 0) || !(microjoules < 1e6F)) return std::nullopt;
  return Count{value, static_cast<double>(microjoules) * 1e-6};
}

class AmdSmi final : public Smi {
 public:
  using Handle = void*;
  static std::unique_ptr<Smi> start(Library library) {
    auto smi = std::make_unique<AmdSmi>(std::move(library));
    return smi->begin() ? std::move(smi) : nullptr;
  }
  explicit AmdSmi(Library library) : library_(std::move(library)) {}
  ~AmdSmi() override {
    if (started_) library_.symbol<int()>("amdsmi_shut_down")();
  }
  std::size_t size() const noexcept override { return gpus_.size(); }
  std::optional<std::uint64_t> place(std::size_t gpu) const noexcept override {
    std::uint64_t bdf = 0;
    if (place_(gpus_[gpu], &bdf) != 0) return std::nullopt;
    return bdf;
  }
  std::optional<Count> energy(std::size_t gpu) const noexcept override {
    std::uint64_t value = 0, stamp = 0;
    float microjoules = 0;
    const int status = energy_(gpus_[gpu], &value, &microjoules, &stamp);
    return checked(status, value, microjoules);
  }

 private:
  bool begin() {
    constexpr std::uint64_t kAmdGpus = 2;
    const auto init = library_.symbol<int(std::uint64_t)>("amdsmi_init");
    const auto sockets = library_.symbol<int(std::uint32_t*, Handle*)>("amdsmi_get_socket_handles");
    const auto processors = library_.symbol<int(Handle, std::uint32_t*, Handle*)>("amdsmi_get_processor_handles");
    energy_ = library_.symbol<int(Handle, std::uint64_t*, float*, std::uint64_t*)>("amdsmi_get_energy_count");
    place_ = library_.symbol<int(Handle, std::uint64_t*)>("amdsmi_get_gpu_device_bdf");
    const bool has_all_calls =
        init && sockets && processors && energy_ && place_ && library_.symbol<int()>("amdsmi_shut_down");
    if (!has_all_calls || init(kAmdGpus) != 0) return false;
    started_ = true;
    std::uint32_t count = 0;
    if (sockets(&count, nullptr) != 0) return false;
    std::vector<Handle> socket_handles(count);
    if (count > 0 && sockets(&count, socket_handles.data()) != 0) return false;
    for (const Handle socket : socket_handles) {
      std::uint32_t inside = 0;
      if (processors(socket, &inside, nullptr) != 0 || inside == 0) continue;
      std::vector<Handle> gpus(inside);
      if (processors(socket, &inside, gpus.data()) == 0) gpus_.insert(gpus_.end(), gpus.begin(), gpus.end());
    }
    return !gpus_.empty();
  }

  Library library_;
  bool started_ = false;
  std::vector<Handle> gpus_;
  int (*energy_)(Handle, std::uint64_t*, float*, std::uint64_t*) = nullptr;
  int (*place_)(Handle, std::uint64_t*) = nullptr;
};

class RocmSmi final : public Smi {
 public:
  static std::unique_ptr<Smi> start(Library library) {
    auto smi = std::make_unique<RocmSmi>(std::move(library));
    return smi->begin() ? std::move(smi) : nullptr;
  }
  explicit RocmSmi(Library library) : library_(std::move(library)) {}
  ~RocmSmi() override {
    if (started_) library_.symbol<int()>("rsmi_shut_down")();
  }
  std::size_t size() const noexcept override { return count_; }
  std::optional<std::uint64_t> place(std::size_t gpu) const noexcept override {
    std::uint64_t id = 0;
    if (place_(static_cast<std::uint32_t>(gpu), &id) != 0) return std::nullopt;
    return ((id >> 32U) << 16U) | (id & 0xFFFFU);
  }
  std::optional<Count> energy(std::size_t gpu) const noexcept override {
    std::uint64_t value = 0, stamp = 0;
    float microjoules = 0;
    const int status = energy_(static_cast<std::uint32_t>(gpu), &value, &microjoules, &stamp);
    return checked(status, value, microjoules);
  }

 private:
  bool begin() {
    const auto init = library_.symbol<int(std::uint64_t)>("rsmi_init");
    const auto devices = library_.symbol<int(std::uint32_t*)>("rsmi_num_monitor_devices");
    energy_ = library_.symbol<int(std::uint32_t, std::uint64_t*, float*, std::uint64_t*)>("rsmi_dev_energy_count_get");
    place_ = library_.symbol<int(std::uint32_t, std::uint64_t*)>("rsmi_dev_pci_id_get");
    const bool whole = init && devices && energy_ && place_ && library_.symbol<int()>("rsmi_shut_down");
    if (!whole || init(0) != 0) return false;
    started_ = true;
    return devices(&count_) == 0 && count_ > 0;
  }

  Library library_;
  bool started_ = false;
  std::uint32_t count_ = 0;
  int (*energy_)(std::uint32_t, std::uint64_t*, float*, std::uint64_t*) = nullptr;
  int (*place_)(std::uint32_t, std::uint64_t*) = nullptr;
};

constexpr double kMostWatts = 3'000;

// Tells whether the counter counts what a board can draw: it moves within 0.1 s, and by no more than 3 kW.
bool is_credible(const Smi& smi, std::size_t gpu, const Host& host) {
  const Instant start = host.now();
  const std::optional<Count> first = smi.energy(gpu);
  if (!first || first->value == 0) return false;
  for (int i = 0; i < 50; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
    const std::optional<Count> now = smi.energy(gpu);
    if (!now || now->value < first->value) return false;
    // One step may hold what was drawn long before the first read: two look as one power only from the third on.
    if (now->value == first->value || i < 2) continue;
    const double joules = static_cast<double>(now->value - first->value) * first->joules;
    const double elapsed = std::max(seconds(host.now() - start), 2e-3 * (i + 1));
    return joules <= kMostWatts * (elapsed + 20e-3);
  }
  return false;
}

Channel channel(std::uint64_t place, double joules) {
  Channel c;
  c.device = fmt::format("gpu:pci-{:04x}:{:02x}:{:02x}.{:x}", place >> 16U, (place >> 8U) & 0xFFU,
                         (place >> 3U) & 0x1FU, place & 7U);
  c.id = fmt::format("amdsmi/{}/energy", c.device);
  c.source = "amdsmi";
  c.domain = Domain::gpu;
  c.scale = joules;
  c.update_period = std::chrono::milliseconds{1};
  c.latency = std::chrono::microseconds{500};
  c.max_power = Watts{kMostWatts};
  return c;
}

class AmdGpus final : public Source {
 public:
  AmdGpus(const Host& host, std::unique_ptr<Smi> smi) : clock_(host.clock), smi_(std::move(smi)) {
    for (std::size_t i = 0; i < smi_->size(); ++i) {
      const std::optional<std::uint64_t> place = smi_->place(i);
      if (!place || !is_credible(*smi_, i, host)) continue;
      channels_.push_back(channel(*place, smi_->energy(i).value_or(Count{0, 15.3e-6}).joules));
      gpus_.push_back(i);
    }
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    read_in_turn(*clock_, channels_, out, [this](std::uint32_t i) -> std::optional<std::int64_t> {
      const std::optional<Count> count = smi_->energy(gpus_[i]);
      if (!count) return std::nullopt;
      return static_cast<std::int64_t>(count->value);
    });
  }

 private:
  const Clock* clock_;
  std::unique_ptr<Smi> smi_;
  std::vector<std::size_t> gpus_;
  std::vector<Channel> channels_;
};

std::unique_ptr<Smi> start_any(const std::vector<std::string>& names, std::string& why) {
  for (const std::string& name : names) {
    Result<Library> library = Library::open(name);
    if (!library) {
      if (why.empty()) why = library.error().what;
      continue;
    }
    const bool newer = library.value().symbol<int()>("amdsmi_shut_down") != nullptr;
    auto smi = newer ? AmdSmi::start(std::move(library).value()) : RocmSmi::start(std::move(library).value());
    if (smi) return smi;
    why = name + " is there and finds no AMD GPU that it may read";
  }
  return nullptr;
}

}  // namespace

std::span<const SourceSetting> settings_of_amdsmi() noexcept { return kSettings; }

OpenedSource open_amdsmi(const Host& host, const SourceSettings& settings) {
  const std::optional<std::string> chosen = settings.given(kLibrary);
  if (!chosen && !host.is_real()) {
    return Error{ErrorKind::absent, "AMD's driver belongs to the running machine, not to a tree of files", ""};
  }
  const std::vector<std::string> names =
      chosen ? std::vector<std::string>{*chosen}
             : std::vector<std::string>{"libamd_smi.so", "/opt/rocm/lib/libamd_smi.so", "librocm_smi64.so.1",
                                        "librocm_smi64.so", "/opt/rocm/lib/librocm_smi64.so"};
  std::string why;
  std::unique_ptr<Smi> smi = start_any(names, why);
  if (!smi) {
    const bool card = !pci_gpus(host, kPciAmd).empty();
    return Error{ErrorKind::absent, "no AMD GPU through amd_smi or rocm_smi: " + why,
                 card ? "sudo apt-get install librocm-smi64-1, and membership in the groups video and render" : ""};
  }
  auto source = std::make_unique<AmdGpus>(host, std::move(smi));
  if (source->channels().empty()) {
    return Error{ErrorKind::unsupported, "no AMD GPU has an energy counter that counts; hwmon may show its power", ""};
  }
  return OpenedSource{std::move(source)};
}

}  // namespace impact
