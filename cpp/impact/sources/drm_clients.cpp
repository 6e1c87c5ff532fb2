#include "impact/sources/drm_clients.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "impact/host/file.hpp"
#include "impact/host/process_usage.hpp"
#include "impact/host/words.hpp"

namespace impact::drm {
namespace {

constexpr Duration kRescan = std::chrono::seconds{10};  // of a process that had no card open, at the longest
// Programs open a card soon after they began, if at all: the young are looked at often.
constexpr int kRescansAnAge = 4;
constexpr std::size_t kLongestInfo = 1U << 16U;
constexpr std::array<std::string_view, 3> kDrivers{"amdgpu", "i915", "xe"};

std::string_view trimmed(std::string_view text) noexcept {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Takes "drm-engine-" off the key; false where it does not begin so.
bool take_prefix(std::string_view& key, std::string_view prefix) noexcept {
  if (!key.starts_with(prefix) || key.size() == prefix.size()) return false;
  key.remove_prefix(prefix.size());
  return true;
}

// "9288864723 ns" with its unit, or nothing.
std::optional<std::uint64_t> number_with(std::string_view value, std::string_view unit) noexcept {
  if (!unit.empty()) {
    if (!value.ends_with(unit)) return std::nullopt;
    value = trimmed(value.substr(0, value.size() - unit.size()));
  }
  return parse_number<std::uint64_t>(value);
}

std::optional<std::uint64_t> bytes_of(std::string_view value) noexcept {
  for (const auto& [unit, shift] : {std::pair<std::string_view, unsigned>{"KiB", 10}, {"MiB", 20}, {"", 0}}) {
    const auto number = number_with(value, unit);
    if (number && *number <= (~std::uint64_t{0} >> shift)) return *number << shift;
  }
  return std::nullopt;
}

// Memory on the card and not the machine's: vram and vram0 of AMD and xe, local0 of i915.
bool is_of_the_card(std::string_view region) noexcept {
  return region.starts_with("vram") || region.starts_with("local");
}

class Parser {
 public:
  std::optional<FdInfo> parse(std::string_view text) {
    while (!text.empty()) {
      const std::string_view line = next_line(text);
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos || !line.starts_with("drm-")) continue;
      take(line.substr(4, colon - 4), trimmed(line.substr(colon + 1)));
    }
    if (info_.driver.empty() || info_.pci.empty() || !has_client_) return std::nullopt;
    for (const auto* kind : {&resident_, &memory_, &total_}) {  // the first that the driver tells
      if (kind->empty()) continue;
      info_.memory_bytes = sum_of(*kind);
      break;
    }
    return std::move(info_);
  }

 private:
  // nullopt where it is more than a number holds: one of them is nonsense then.
  static std::optional<std::uint64_t> sum_of(const std::map<std::string, std::uint64_t>& regions) {
    std::uint64_t sum = 0;
    for (const auto& [region, bytes] : regions) {
      if (bytes > ~std::uint64_t{0} - sum) return std::nullopt;
      sum += bytes;
    }
    return sum;
  }

  void take(std::string_view key, std::string_view value) {
    if (key == "driver") {
      info_.driver = value;
    } else if (key == "pdev") {
      info_.pci = value;
    } else if (key == "client-id") {
      const auto id = number_with(value, "");
      has_client_ = id.has_value();
      info_.client = id.value_or(0);
    } else if (take_prefix(key, "engine-capacity-")) {
      if (const auto n = number_with(value, ""); n && *n > 0) engine(key).capacity = *n;
    } else if (take_prefix(key, "engine-")) {
      if (const auto ns = number_with(value, "ns")) engine(key).busy_ns = ns;
    } else if (take_prefix(key, "total-cycles-")) {
      if (const auto n = number_with(value, "")) engine(key).all_cycles = n;
    } else if (take_prefix(key, "cycles-")) {
      if (const auto n = number_with(value, "")) engine(key).cycles = n;
    } else if (take_prefix(key, "resident-")) {
      take_memory(resident_, key, value);
    } else if (take_prefix(key, "memory-")) {
      take_memory(memory_, key, value);
    } else if (take_prefix(key, "total-")) {
      take_memory(total_, key, value);
    }
  }

  Engine& engine(std::string_view name) { return info_.engines[std::string(name)]; }

  static void take_memory(std::map<std::string, std::uint64_t>& regions, std::string_view region,
                          std::string_view value) {
    const auto bytes = bytes_of(value);
    if (bytes && is_of_the_card(region)) regions[std::string(region)] = *bytes;
  }

  FdInfo info_;
  bool has_client_ = false;
  std::map<std::string, std::uint64_t> resident_, memory_, total_;
};

std::filesystem::path process_folder(const Host& host, int pid) { return host.path("/proc/" + std::to_string(pid)); }

// Kernel threads have no files: their folder is closed to users all the same.
bool is_kernel_thread(const Host& host, int pid) {
  const Result<std::string> stat = read_text(process_folder(host, pid) / "stat", 4096);
  if (!stat) return true;  // it has ended
  std::string_view rest = stat.value();
  const std::size_t end = rest.rfind(") ");  // of the command, which may hold anything
  if (end == std::string_view::npos || end + 4 > rest.size()) return false;
  rest.remove_prefix(end + 4);
  return pid == 2 || parse_number<int>(next_until(rest, ' ')) == 2;
}

// Whether the process computes through ROCm, whose work the engines' account does not hold.
bool computes_beside(const Host& host, int pid) {
  std::error_code failed;
  return std::filesystem::exists(host.path("/sys/class/kfd/kfd/proc/" + std::to_string(pid)), failed);
}

// What of the engine was this client's between two looks; nullopt where that is not told.
std::optional<double> engine_part(const Engine& before, const Engine& now, double elapsed_ns) {
  const auto capacity = static_cast<double>(now.capacity);
  if (now.busy_ns && before.busy_ns) {
    if (*now.busy_ns < *before.busy_ns || !(elapsed_ns > 0.0)) return std::nullopt;
    return static_cast<double>(*now.busy_ns - *before.busy_ns) / elapsed_ns / capacity;
  }
  if (!now.cycles || !before.cycles || !now.all_cycles || !before.all_cycles) return std::nullopt;
  if (*now.cycles < *before.cycles || *now.all_cycles < *before.all_cycles) return std::nullopt;
  const std::uint64_t own = *now.cycles - *before.cycles, all = *now.all_cycles - *before.all_cycles;
  if (all == 0) return own == 0 ? std::optional(0.0) : std::nullopt;  // the clock of an engine at rest may stand
  return static_cast<double>(own) / static_cast<double>(all) / capacity;
}

bool has_worked(const Engine& engine) { return engine.busy_ns.value_or(0) > 0 || engine.cycles.value_or(0) > 0; }

}  // namespace

std::optional<FdInfo> parse_fdinfo(std::string_view text) { return Parser{}.parse(text); }

Result<std::unique_ptr<ClientReader>> ClientReader::open(const Host& host) {
  std::vector<std::string> places;
  for (const std::string& name : list_directory(host.path("/sys/class/drm"))) {
    if (!name.starts_with("card") || name.find('-') != std::string::npos) continue;  // card0-HDMI-A-1 is a socket
    const Result<std::string> uevent = read_text(host.path("/sys/class/drm/" + name + "/device/uevent"), 4096);
    if (!uevent) continue;
    std::string_view rest = uevent.value(), driver, place;
    while (!rest.empty()) {
      std::string_view line = next_line(rest);
      if (take_prefix(line, "DRIVER=")) driver = line;
      if (take_prefix(line, "PCI_SLOT_NAME=")) place = line;
    }
    if (!place.empty() && std::ranges::find(kDrivers, driver) != kDrivers.end()) places.emplace_back(place);
  }
  if (places.empty())
    return Error{ErrorKind::absent, host.path("/sys/class/drm").string() + ": no card of amdgpu, i915 or xe", ""};
  return std::unique_ptr<ClientReader>(new ClientReader(host, std::move(places)));
}

ClientReader::ClientReader(Host host, std::vector<std::string> places)
    : host_(std::move(host)), places_(std::move(places)), foreign_numbers_(in_process_namespace(host_)) {
  std::ranges::sort(places_);
  for (const std::string& place : places_) devices_.push_back("gpu:pci-" + place);
}

void ClientReader::add_clients(int pid, Instant now, std::map<Key, Seen>& clients, bool& all_seen) {
  const auto [it, is_new] = processes_.try_emplace(pid);
  Process& process = it->second;
  if (!is_new && !process.has_card && now < process.next_scan) return;
  // A client that is found now began after the look before where its process did, or was looked through then.
  const bool was_seen = is_new || (looked_ && process.scanned == *looked_);
  if (is_new && looked_) process.began = *looked_;  // or soon after it
  const Duration pause = process.began ? std::min<Duration>(kRescan, (now - *process.began) / kRescansAnAge) : kRescan;
  process.has_card = false;
  process.next_scan = now + pause;
  process.scanned = now;
  std::error_code failed;
  const std::filesystem::path folder = process_folder(host_, pid);
  for (auto file = std::filesystem::directory_iterator(folder / "fd", failed);
       !failed && file != std::filesystem::directory_iterator(); file.increment(failed)) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(file->path(), gone).string();
    if (gone || !target.starts_with("/dev/dri/")) continue;
    process.has_card = true;
    const Result<std::string> text = read_text(folder / "fdinfo" / file->path().filename(), kLongestInfo);
    std::optional<FdInfo> info = text ? parse_fdinfo(text.value()) : std::nullopt;
    if (!info) continue;
    const Key key{info->pci, info->client};
    const auto [seen, is_first] = clients.try_emplace(key, Seen{std::move(*info), {}, was_seen});
    seen->second.pids.insert(pid);
  }
  if (failed != std::errc::permission_denied && failed != std::errc::operation_not_permitted) return;
  if (is_kernel_thread(host_, pid)) return;
  all_seen = false;
  process.has_card = true;  // looked at again each time, so that it counts as unseen each time
}

std::map<ClientReader::Key, ClientReader::Seen> ClientReader::clients_now(Instant now, bool& all_seen) {
  std::map<Key, Seen> clients;
  std::set<int> alive;
  for (const std::string& name : list_directory(host_.path("/proc"))) {
    const auto pid = parse_number<int>(name);
    if (!pid) continue;
    alive.insert(*pid);
    add_clients(*pid, now, clients, all_seen);
  }
  std::erase_if(processes_, [&](const auto& process) { return !alive.contains(process.first); });
  return clients;
}

std::optional<double> ClientReader::part_of(const Key& key, const Seen& seen, Instant now) const {
  if (!looked_ || seen.info.engines.empty()) return std::nullopt;
  const bool is_beside = seen.info.driver == "amdgpu" &&
                         std::ranges::any_of(seen.pids, [&](int pid) { return computes_beside(host_, pid); });
  if (is_beside) return std::nullopt;
  const auto before = before_.find(key);
  const auto elapsed_ns = static_cast<double>((now - *looked_).count());
  double most = 0.0;
  for (const auto& [name, engine] : seen.info.engines) {
    if (!has_worked(engine)) continue;
    Engine start;
    if (before != before_.end()) {
      const auto known = before->second.info.engines.find(name);
      if (known != before->second.info.engines.end()) start = known->second;
    } else if (seen.is_new_born && engine.busy_ns) {
      start.busy_ns = 0;
    }
    const auto part = engine_part(start, engine, elapsed_ns);
    if (!part) return std::nullopt;
    most = std::max(most, *part);
  }
  return std::min(most, 1.0);
}

std::vector<CardUse> ClientReader::look() {
  const Instant now = host_.now();
  bool all_seen = !foreign_numbers_;
  std::map<Key, Seen> clients = clients_now(now, all_seen);
  std::vector<CardUse> uses;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    CardUse use{devices_[i], all_seen, {}};
    for (const auto& [key, seen] : clients) {
      if (key.first != places_[i]) continue;
      use.clients.push_back({{seen.pids.begin(), seen.pids.end()}, part_of(key, seen, now), seen.info.memory_bytes});
    }
    uses.push_back(std::move(use));
  }
  before_ = std::move(clients);
  looked_ = now;
  return uses;
}

}  // namespace impact::drm
