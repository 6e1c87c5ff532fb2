#include "impact/sources/nvml_clients.hpp"

#include <algorithm>

#include "impact/core/known_sum.hpp"

namespace impact::nvml {
namespace {

constexpr int kNotFound = 6;
constexpr int kInsufficientSize = 7;
constexpr double kSlices = 7.0;  // that a GPU is cut into
constexpr unsigned long long kNotAvailable = ~0ULL;

}  // namespace

Result<std::unique_ptr<ClientReader>> ClientReader::open(const Host& host, const SourceSettings& settings) {
  Result<std::shared_ptr<const Nvml>> nvml = Nvml::open(host, settings);
  if (!nvml) return nvml.error();
  std::unique_ptr<ClientReader> reader(new ClientReader(std::move(nvml).value()));
  const Library& library = reader->nvml_->library();
  const auto take = [&](auto& function, const char* name) {
    if (function == nullptr) function = library.symbol<std::remove_pointer_t<std::decay_t<decltype(function)>>>(name);
  };
  take(reader->processes_, "nvmlDeviceGetComputeRunningProcesses_v3");
  take(reader->processes_, "nvmlDeviceGetComputeRunningProcesses_v2");
  take(reader->graphics_, "nvmlDeviceGetGraphicsRunningProcesses_v3");
  take(reader->utilization_, "nvmlDeviceGetProcessUtilization");
  if (reader->processes_ == nullptr)
    return Error{ErrorKind::unsupported, "this driver does not tell which processes use a GPU", ""};
  reader->seen_.resize(reader->gpus().size());
  return reader;
}

// False where the driver does not tell them.
bool ClientReader::add_holders(Device device, std::vector<Holder>& holders) {
  for (const auto call : {processes_, graphics_}) {
    if (call == nullptr) continue;
    std::vector<ProcessInfo> infos(16);
    auto count = static_cast<unsigned>(infos.size());
    int status = call(device, &count, infos.data());
    for (int again = 0; status == kInsufficientSize && again < 3; ++again) {
      infos.resize(count + 16);
      count = static_cast<unsigned>(infos.size());
      status = call(device, &count, infos.data());
    }
    if (status != kSuccess && call == processes_) return false;
    if (status != kSuccess) continue;
    for (unsigned i = 0; i < std::min<std::size_t>(count, infos.size()); ++i) {
      const int pid = static_cast<int>(infos[i].pid);
      const std::optional<std::uint64_t> bytes =
          infos[i].used_memory == kNotAvailable ? std::nullopt : std::optional<std::uint64_t>(infos[i].used_memory);
      const auto known = std::ranges::find(holders, pid, &Holder::pid);
      if (known == holders.end())
        holders.push_back({pid, bytes});
      else if (call == processes_)  // a process of two slices; the list of graphics tells the same memory again
        known->memory_bytes = known_sum(known->memory_bytes, bytes);
    }
  }
  return true;
}

std::optional<std::vector<int>> ClientReader::running(Device device) {
  std::vector<Holder> holders;
  if (!add_holders(device, holders)) return std::nullopt;
  std::vector<int> pids;
  pids.reserve(holders.size());
  for (const Holder& holder : holders) pids.push_back(holder.pid);
  return pids;
}

// The driver samples processes some times a second at most. While the GPU works and no sample is new, they are taken to go
// on as they did: else the time between two samples would be nobody's. nullopt where they have been silent for too long.
std::optional<std::vector<Client>> ClientReader::as_before(std::size_t index) {
  constexpr int kMostLooks = 3;
  Seen& seen = seen_[index];
  const Calls& calls = nvml_->calls();
  Utilization use;
  const bool is_told = calls.utilization != nullptr && calls.utilization(gpus()[index].handle, &use) == kSuccess;
  if (seen.clients.empty() || (is_told && use.gpu == 0)) {
    seen.clients.clear();
    return seen.clients;
  }
  if (++seen.looks_without > kMostLooks) return std::nullopt;
  return seen.clients;
}

std::optional<std::vector<Client>> ClientReader::by_process(std::size_t index) {
  if (utilization_ == nullptr) return std::nullopt;
  const Gpu& gpu = gpus()[index];
  Seen& seen = seen_[index];
  unsigned count = 0;
  int status = utilization_(gpu.handle, nullptr, &count, seen.time_stamp);
  if (status != kSuccess && status != kInsufficientSize && status != kNotFound) return std::nullopt;
  std::vector<ProcessSample> samples(count + 8);
  count = static_cast<unsigned>(samples.size());
  status = utilization_(gpu.handle, samples.data(), &count, seen.time_stamp);
  if (status == kNotFound) return as_before(index);
  std::vector<Client> clients;
  if (status != kSuccess) return std::nullopt;
  for (unsigned i = 0; i < std::min<std::size_t>(count, samples.size()); ++i) {
    const ProcessSample& sample = samples[i];
    if (sample.sm > 100 || sample.pid == 0) continue;  // drivers leave such in unused places
    seen.time_stamp = std::max(seen.time_stamp, sample.time_stamp);
    const int pid = static_cast<int>(sample.pid);
    const auto known = std::ranges::find_if(clients, [&](const Client& c) { return c.pids.front() == pid; });
    if (known == clients.end())
      clients.push_back({{pid}, 0.01 * sample.sm, true});
    else
      known->part = std::max(known->part, 0.01 * sample.sm);
  }
  if (clients.empty()) return as_before(index);
  seen.clients = clients;
  seen.looks_without = 0;
  return clients;
}

// A slice draws by its owner whether its kernels run or not as far as the driver tells: there is no use by process.
std::optional<std::vector<Client>> ClientReader::by_slice(const Gpu& gpu, unsigned most) {
  const Calls& calls = nvml_->calls();
  if (calls.mig_by_index == nullptr || calls.attributes == nullptr) return std::nullopt;
  std::vector<Client> clients;
  for (unsigned i = 0; i < most; ++i) {
    Device slice = nullptr;
    if (calls.mig_by_index(gpu.handle, i, &slice) != kSuccess) continue;
    Attributes attributes{};
    std::optional<std::vector<int>> pids = running(slice);
    if (!pids || calls.attributes(slice, &attributes) != kSuccess) return std::nullopt;
    if (!pids->empty()) clients.push_back({std::move(*pids), attributes.gpu_slices / kSlices, false});
  }
  return clients;
}

// Without use by process a GPU is one part, its users' together.
std::optional<std::vector<Client>> ClientReader::by_owner(const Gpu& gpu) {
  std::optional<std::vector<int>> pids = running(gpu.handle);
  if (!pids) return std::nullopt;
  std::vector<Client> clients;
  if (!pids->empty()) clients.push_back({std::move(*pids), 1.0, false});
  return clients;
}

std::optional<std::vector<Client>> ClientReader::clients(std::size_t index) noexcept {
  try {
    const Gpu& gpu = gpus()[index];
    const Calls& calls = nvml_->calls();
    unsigned mig = 0, pending = 0, most = 0;
    if (calls.mig_mode != nullptr && calls.mig_mode(gpu.handle, &mig, &pending) == kSuccess && mig == 1) {
      if (calls.mig_count == nullptr || calls.mig_count(gpu.handle, &most) != kSuccess) return std::nullopt;
      return by_slice(gpu, most);
    }
    if (auto clients = by_process(index)) return clients;
    return by_owner(gpu);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::vector<Device> ClientReader::slices(const Gpu& gpu) const {
  const Calls& calls = nvml_->calls();
  unsigned mig = 0, pending = 0, most = 0;
  if (calls.mig_mode == nullptr || calls.mig_by_index == nullptr || calls.mig_count == nullptr) return {};
  if (calls.mig_mode(gpu.handle, &mig, &pending) != kSuccess || mig != 1) return {};
  if (calls.mig_count(gpu.handle, &most) != kSuccess) return {};
  std::vector<Device> slices;
  for (unsigned i = 0; i < most; ++i) {
    Device slice = nullptr;
    if (calls.mig_by_index(gpu.handle, i, &slice) == kSuccess) slices.push_back(slice);
  }
  return slices;
}

std::optional<std::vector<Holder>> ClientReader::holders(std::size_t index) noexcept {
  try {
    const Gpu& gpu = gpus()[index];
    std::vector<Device> devices = slices(gpu);
    if (devices.empty()) devices.push_back(gpu.handle);
    std::vector<Holder> holders;
    for (const Device device : devices) {
      if (!add_holders(device, holders)) return std::nullopt;
    }
    return holders;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace impact::nvml
