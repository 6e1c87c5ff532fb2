#include "impact/attribution/machine_time.hpp"

#include <algorithm>
#include <array>

#include "impact/host/process_usage.hpp"
#include "impact/host/words.hpp"

namespace impact {
namespace {

bool is_containers_own(const Host& host) {
  const Result<std::string> mounts = read_text(host.path("/proc/self/mountinfo"));
  return mounts && mounts.value().find(" /proc/stat ") != std::string::npos &&
         mounts.value().find("fuse.lxcfs") != std::string::npos;
}

}  // namespace

std::size_t CpuMap::cpus_of(unsigned package) const {
  const auto count = std::ranges::count_if(package_of, [&](const auto& one) { return one.second == package; });
  return std::max<std::size_t>(static_cast<std::size_t>(count), 1);
}

std::optional<std::uint64_t> busy_ticks(std::string_view line, std::string_view& name) noexcept {
  name = next_word(line);
  if (!name.starts_with("cpu")) return std::nullopt;
  std::array<std::uint64_t, 7> fields{};  // are user, nice, system, idle, iowait, irq and softirq
  std::size_t count = 0;
  for (; count < fields.size(); ++count) {
    const std::string_view word = next_word(line);
    if (word.empty()) break;
    const auto value = parse_number<std::uint64_t>(word);
    if (!value) return std::nullopt;
    fields[count] = *value;
  }
  if (count < 4) return std::nullopt;
  return fields[0] + fields[1] + fields[2] + fields[5] + fields[6];
}

Result<MachineTime> MachineTime::open(const Host& host, CpuMap cpus) {
  if (is_containers_own(host))
    return Error{ErrorKind::unsupported,
                 "/proc/stat shows this container alone (lxcfs): what the machine does is not known", ""};
  if (cpus.packages.empty()) cpus.packages = {0};
  Result<Descriptor> stat = open_for_reading(host.path("/proc/stat"));
  if (!stat) return stat.error();
  MachineTime time{host, std::move(stat).value(), std::move(cpus)};
  time.buffer_.resize(256);  // of one package the first line is enough
  if (time.cpus_.packages.size() > 1) time.note_cpus();
  time.last_.resize(time.cpus_.packages.size(), 0);
  if (!time.busy_ns()) return Error{ErrorKind::broken, "/proc/stat does not tell the CPUs' time", ""};
  return time;
}

void MachineTime::note_cpus() {
  all_lines_ = true;
  buffer_.resize(256 * (cpus_.package_of.size() + 1));
}

// The kernel lists the CPUs that are switched on. One that is switched on while we look may be new to us.
std::optional<unsigned> MachineTime::package_of(unsigned cpu) {
  const auto known = cpus_.package_of.find(cpu);
  if (known != cpus_.package_of.end()) return known->second;
  const std::string place = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/physical_package_id";
  const Result<std::string> text = read_text(host_.path(place), 64);
  const auto package = text ? parse_number<unsigned>(text.value()) : std::nullopt;
  if (!package || !std::ranges::binary_search(cpus_.packages, *package)) return std::nullopt;
  cpus_.package_of.emplace(cpu, *package);
  return package;
}

void MachineTime::note_line(unsigned cpu, std::int64_t busy_ns) {
  const std::optional<unsigned> package = package_of(cpu);
  if (!package) return;
  const auto [known, is_new] = by_cpu_.try_emplace(cpu, busy_ns);
  const std::int64_t grown = is_new ? (has_looked_ ? 0 : busy_ns) : std::max<std::int64_t>(busy_ns - known->second, 0);
  known->second = std::max(known->second, busy_ns);
  const auto at = std::ranges::lower_bound(cpus_.packages, *package);
  if (cpus_.packages.size() > 1) last_[static_cast<std::size_t>(at - cpus_.packages.begin())] += grown;
}

const std::vector<std::int64_t>* MachineTime::busy_ns() {
  std::size_t size = 0;
  while (size < buffer_.size()) {
    const std::ptrdiff_t n =
        read_at(stat_, {buffer_.data() + size, buffer_.size() - size}, static_cast<std::int64_t>(size));
    if (n <= 0) break;
    size += static_cast<std::size_t>(n);
    if (!all_lines_) break;
  }
  std::string_view text{buffer_.data(), size};
  std::string_view name;
  const auto total = busy_ticks(next_line(text), name);
  if (!total || name != "cpu") return nullptr;
  if (all_lines_) {
    while (!text.empty() && text.starts_with("cpu")) {
      const auto busy = busy_ticks(next_line(text), name);
      const auto cpu = parse_number<unsigned>(name.substr(3));
      if (busy && cpu) note_line(*cpu, static_cast<std::int64_t>(*busy) * kTickNs);
    }
    has_looked_ = true;
  }
  // The kernel's own sum holds the CPUs that are switched off too.
  if (cpus_.packages.size() == 1) last_[0] = std::max(last_[0], static_cast<std::int64_t>(*total) * kTickNs);
  return &last_;
}

}  // namespace impact
