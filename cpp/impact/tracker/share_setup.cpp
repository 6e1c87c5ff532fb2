#include "impact/tracker/share_setup.hpp"

#include <algorithm>
#include <set>

#include "impact/attribution/gpu_usage.hpp"
#include "impact/sources/cpu_info.hpp"
#include "impact/sources/drm_clients.hpp"
#include "impact/sources/nvml_clients.hpp"
#include "impact/sources/proc_stat.hpp"

namespace impact {
namespace {

// Published mean absolute errors of dividing energy by use: METRION (arXiv 2512.06806) for CPU and DRAM, Wattchmen
// (11 to 14 %) for GPUs.
constexpr double kCpuBias = 0.042, kMemoryBias = 0.161, kGpuBias = 0.125;

CpuMap cpu_map(const Host& host) {
  CpuMap map;
  std::set<unsigned> packages;
  for (const CpuPlace& place : read_topology(host)) {
    map.package_of[place.cpu] = place.package;
    packages.insert(place.package);
    const std::string siblings =
        "/sys/devices/system/cpu/cpu" + std::to_string(place.cpu) + "/topology/thread_siblings_list";
    const Result<std::string> list = read_text(host.path(siblings));
    const auto core = list ? parse_cpu_list(list.value()) : std::nullopt;
    if (core && !core->empty()) map.core_of[place.cpu] = core->front();
  }
  if (map.package_of.empty()) {
    const Result<std::string> stat = read_text(host.path("/proc/stat"));
    const std::size_t cpus = stat ? count_stat_cpus(stat.value()) : 0;
    for (unsigned cpu = 0; cpu < cpus; ++cpu) map.package_of[cpu] = 0;
    packages.insert(0);
  }
  map.packages.assign(packages.begin(), packages.end());
  return map;
}

// Tells who uses NVIDIA's GPUs, as the share's ledger asks for it.
class NvmlClients final : public GpuClients {
 public:
  NvmlClients(std::unique_ptr<nvml::ClientReader> reader, bool foreign_numbers)
      : reader_(std::move(reader)), foreign_numbers_(foreign_numbers) {
    for (const nvml::Gpu& gpu : reader_->gpus()) devices_.push_back("gpu:" + gpu.uuid);
  }
  const std::vector<std::string>& devices() const noexcept override { return devices_; }
  std::optional<std::vector<GpuClient>> clients(std::size_t device) noexcept override {
    auto of_device = reader_->clients(device);
    if (!of_device) return std::nullopt;
    // The driver tells the machine's process numbers, which differ from those in a container. There, only an unused GPU
    // certainly belongs to nobody.
    if (foreign_numbers_ && !of_device->empty()) return std::nullopt;
    std::vector<GpuClient> clients;
    clients.reserve(of_device->size());
    for (nvml::Client& client : *of_device) clients.push_back({std::move(client.pids), client.part});
    return clients;
  }

 private:
  std::unique_ptr<nvml::ClientReader> reader_;
  bool foreign_numbers_;
  std::vector<std::string> devices_;
};

// Users of AMD's and Intel's cards, in the same way. A look is shared by the cards, and made anew for the first of them.
class DrmClients final : public GpuClients {
 public:
  explicit DrmClients(std::unique_ptr<drm::ClientReader> reader) : reader_(std::move(reader)) {}
  const std::vector<std::string>& devices() const noexcept override { return reader_->devices(); }
  Duration latency() const noexcept override { return std::chrono::milliseconds{20}; }
  std::optional<std::vector<GpuClient>> clients(std::size_t device) noexcept override {
    try {
      if (device == 0) uses_ = reader_->look();
      const drm::CardUse& use = uses_.at(device);
      std::vector<GpuClient> clients;
      for (const drm::Client& client : use.clients) {
        if (!client.part) return std::nullopt;
        clients.push_back({client.pids, *client.part});
      }
      return use.all_seen ? std::optional(std::move(clients)) : std::nullopt;
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }

 private:
  std::unique_ptr<drm::ClientReader> reader_;
  std::vector<drm::CardUse> uses_;
};

class Setup {
 public:
  Setup(const Host& host, const ShareRequest& request, const Roles& roles, OpenSources& opened)
      : host_(host), request_(request), opened_(opened), cpus_(cpu_map(host)) {
    settings_.scope = to_string(request.whose.scope);
    settings_.policy = request.policy;
    for (std::uint32_t c = 0; c < roles.by_channel.size(); ++c) {
      const Channel& channel = opened.channels[c];
      const bool energy = measures_energy(channel);
      if (roles.by_channel[c] == Role::in_total && energy) divided_.push_back(c);
    }
  }

  ShareSettings build(std::shared_ptr<UsageSource>& usage) {
    Result<std::unique_ptr<ConsumerUse>> use = ConsumerUse::open(host_, request_.whose);
    if (!use) return without(use.error());
    Result<MachineTime> machine = MachineTime::open(host_, cpus_);
    if (!machine) return without(machine.error());
    settings_.whose = use.value()->name();
    std::vector<std::unique_ptr<GpuClients>> gpus = gpu_clients();
    const UsageOptions options{has(Domain::dram), request_.policy == IdlePolicy::equal, !gpus.empty()};
    usage = std::make_shared<UsageSource>(host_, std::move(use).value(), std::move(machine).value(), options);
    place(usage);
    for (std::unique_ptr<GpuClients>& clients : gpus)
      place(std::make_shared<GpuUsage>(host_, std::move(clients), usage->pids()));
    settings_.cores = find("cpu", "allocated_cores");
    settings_.consumers = find("node", "consumers");
    for (const std::uint32_t channel : divided_) pair(channel);
    return std::move(settings_);
  }

 private:
  ShareSettings without(const Error& error) {
    settings_.reasons.push_back(error.what);
    return std::move(settings_);
  }

  bool has(Domain domain) const {
    return std::ranges::any_of(divided_, [&](std::uint32_t c) { return opened_.channels[c].domain == domain; });
  }

  // By maker: who uses the GPUs that are measured.
  std::vector<std::unique_ptr<GpuClients>> gpu_clients() {
    std::vector<std::unique_ptr<GpuClients>> gpus;
    if (!has(Domain::gpu)) return gpus;
    const bool foreign = in_process_namespace(host_);
    Result<std::unique_ptr<nvml::ClientReader>> nvml = nvml::ClientReader::open(host_, opened_.settings);
    if (nvml) gpus.push_back(std::make_unique<NvmlClients>(std::move(nvml).value(), foreign));
    Result<std::unique_ptr<drm::ClientReader>> drm = drm::ClientReader::open(host_);
    if (drm && measures_one_of(drm.value()->devices()))
      gpus.push_back(std::make_unique<DrmClients>(std::move(drm).value()));
    if (foreign && !gpus.empty())
      settings_.reasons.emplace_back(
          "this container numbers processes otherwise than the GPU's driver: whose work a GPU did is not known");
    return gpus;
  }

  bool measures_one_of(const std::vector<std::string>& devices) const {
    return std::ranges::any_of(divided_, [&](std::uint32_t c) {
      return std::ranges::find(devices, opened_.channels[c].device) != devices.end();
    });
  }

  void place(const std::shared_ptr<Source>& source) {
    opened_.sources.push_back({source, static_cast<std::uint32_t>(opened_.channels.size())});
    opened_.shared.push_back(nullptr);
    for (const Channel& c : source->channels()) {
      opened_.channels.push_back(c);
      opened_.at_edges.push_back(false);
    }
  }

  std::optional<std::uint32_t> find(std::string_view device, std::string_view quantity) const {
    for (std::uint32_t c = 0; c < opened_.channels.size(); ++c) {
      if (opened_.channels[c].device == device && opened_.channels[c].quantity == quantity) return c;
    }
    return std::nullopt;
  }

  // Returns the device by whose CPU time a package's, a die's or the platform's energy is divided.
  std::string cpu_device(const Channel& energy) const {
    const std::string_view device = energy.device;
    const std::size_t colon = device.find(':');
    const std::string_view number = colon == std::string_view::npos ? "" : device.substr(colon + 1);
    const auto package = parse_number<unsigned>(number);
    const bool known = package && std::ranges::find(cpus_.packages, *package) != cpus_.packages.end();
    if (known && energy.domain != Domain::psys) return "cpu:" + std::string(number);
    return cpus_.packages.size() == 1 ? "cpu:" + std::to_string(cpus_.packages.front()) : "cpu";
  }

  double capacity(const std::string& device) const {
    if (device == "cpu") return static_cast<double>(std::max<std::size_t>(cpus_.package_of.size(), 1));
    return static_cast<double>(cpus_.cpus_of(parse_number<unsigned>(std::string_view(device).substr(4)).value_or(0)));
  }

  void pair(std::uint32_t channel) {
    const Channel& energy = opened_.channels[channel];
    const std::string cpu = cpu_device(energy);
    const auto all_cpu = find(cpu, "all_cpu_time");
    // Where a second of one CPU is worth more than of another, work is divided by; elsewhere plain CPU time.
    const bool by_work = find(cpu, "own_work").has_value();
    const auto own_use = find(cpu, by_work ? "own_work" : "own_cpu_time");
    const auto all_use = by_work ? find(cpu, "all_work") : all_cpu;
    switch (energy.domain) {
      case Domain::package:
      case Domain::core:
      case Domain::uncore:
      case Domain::psys:
        if (own_use && all_use) return add({channel, *own_use, *all_use, *all_use, capacity(cpu), kCpuBias});
        break;
      case Domain::dram: {
        const auto own = find("memory", "own_memory"), all = find("memory", "all_memory");
        if (own && all && all_cpu) return add({channel, *own, *all, *all_cpu, capacity(cpu), kMemoryBias});
        break;
      }
      case Domain::gpu: {
        const auto own = find(energy.device, "own_gpu_time"), all = find(energy.device, "all_gpu_time");
        if (own && all) return add({channel, *own, *all, *all, 1.0, kGpuBias});
        break;
      }
      default: break;
    }
    settings_.reasons.push_back(energy.id + ": what it measures cannot be divided by use here");
  }

  void add(SharePair pair) { settings_.pairs.push_back(pair); }

  const Host& host_;
  const ShareRequest& request_;
  OpenSources& opened_;
  CpuMap cpus_;
  std::vector<std::uint32_t> divided_;
  ShareSettings settings_;
};

}  // namespace

ShareSettings add_usage(const Host& host, const ShareRequest& request, const Roles& roles, OpenSources& opened,
                        std::shared_ptr<UsageSource>& usage) {
  if (request.whose.scope == Scope::machine) return {};
  return Setup{host, request, roles, opened}.build(usage);
}

}  // namespace impact
