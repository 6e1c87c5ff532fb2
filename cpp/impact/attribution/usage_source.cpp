#include "impact/attribution/usage_source.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "impact/host/meminfo.hpp"

namespace impact {
namespace {

constexpr double kNs = 1e-9;
constexpr double kPart = 1e-6;  // is the resolution of a part
constexpr Duration kLongLook = std::chrono::milliseconds{1};
constexpr int kRest = 200;
constexpr double kAlone = 0.02;  // less than this part of the machine's CPU time means that nobody else was at work
constexpr Duration kFellowsEvery = std::chrono::seconds{10};

}  // namespace

std::vector<int> ConsumerPids::get() const {
  const std::lock_guard lock(mutex_);
  return pids_;
}

void ConsumerPids::set(std::vector<int> pids) {
  const std::lock_guard lock(mutex_);
  pids_ = std::move(pids);
}

PackageSplit::PackageSplit(const CpuMap& cpus, const std::vector<unsigned>& allowed) : cpus_(&cpus) {
  std::set<unsigned> packages;
  for (const unsigned cpu : allowed) {
    const auto found = cpus.package_of.find(cpu);
    if (found != cpus.package_of.end()) packages.insert(found->second);
  }
  fixed_ = cpus.packages.size() == 1 || packages.size() == 1;
  if (!fixed_) return;
  const unsigned only = cpus.packages.size() == 1 ? cpus.packages.front() : *packages.begin();
  for (const unsigned package : cpus.packages) parts_.push_back(package == only ? 1.0 : 0.0);
}

const std::vector<double>& PackageSplit::parts(const std::map<unsigned, double>& by_cpu) {
  if (fixed_) return parts_;
  std::vector<double> grown(cpus_->packages.size(), 0.0);
  for (const auto& [cpu, ticks] : by_cpu) {
    const auto package = cpus_->package_of.find(cpu);
    if (package == cpus_->package_of.end()) continue;
    const auto at = std::ranges::lower_bound(cpus_->packages, package->second);
    grown[static_cast<std::size_t>(at - cpus_->packages.begin())] += ticks;
  }
  const double sum = std::accumulate(grown.begin(), grown.end(), 0.0);
  if (sum > 0.0) {  // else the parts stay as before: what used less than a hundredth moves nothing
    for (double& part : grown) part /= sum;
    parts_ = std::move(grown);
  }
  return parts_;
}

UsageSource::UsageSource(const Host& host, std::unique_ptr<ConsumerUse> use, MachineTime machine, UsageOptions options)
    : clock_(host.clock),
      host_(host),
      use_(std::move(use)),
      machine_(std::move(machine)),
      split_(machine_.cpus(), use_->cpus()),
      places_(host),
      work_(WorkMeter::open(host, machine_.cpus())),
      has_sums_(machine_.cpus().packages.size() > 1),
      needs_pids_(options.pids || split_.needs_places()),
      own_ns_(machine_.cpus().packages.size(), 0.0) {
  for (const unsigned package : machine_.cpus().packages) {
    const std::string device = "cpu:" + std::to_string(package);
    const std::string end = "_" + device;
    add_channel("own" + end, device, "own_cpu_time", Kind::counter, Unit::second, kNs);
    add_channel("all" + end, device, "all_cpu_time", Kind::counter, Unit::second, kNs);
    if (!work_) continue;
    add_channel("own_work:" + std::to_string(package), device, "own_work", Kind::counter, Unit::second, kNs);
    add_channel("all_work:" + std::to_string(package), device, "all_work", Kind::counter, Unit::second, kNs);
  }
  if (work_) machine_.note_cpus();
  if (has_sums_) {
    add_channel("own_cpu", "cpu", "own_cpu_time", Kind::counter, Unit::second, kNs);
    add_channel("all_cpu", "cpu", "all_cpu_time", Kind::counter, Unit::second, kNs);
  }
  if (options.memory) {
    Result<Descriptor> meminfo = open_for_reading(host.path("/proc/meminfo"));
    if (meminfo) meminfo_ = std::move(meminfo).value();
    has_memory_ = all_memory() && use_->memory(host.now());
  }
  if (has_memory_) {
    add_channel("own_memory", "memory", "own_memory", Kind::gauge, Unit::byte, 1.0);
    add_channel("all_memory", "memory", "all_memory", Kind::gauge, Unit::byte, 1.0);
  }
  add_channel("cores", "cpu", "allocated_cores", Kind::gauge, Unit::ratio, kPart);
  fellows_ = options.consumers ? use_->fellows() : std::nullopt;
  has_consumers_ = fellows_.has_value();
  if (has_consumers_) add_channel("consumers", "node", "consumers", Kind::gauge, Unit::ratio, 1.0);
}

void UsageSource::add_channel(const std::string& what, const std::string& device, const char* quantity, Kind kind,
                              Unit unit, double scale) {
  Channel c;
  c.id = "usage/" + what;
  c.source = kUsageSource;
  c.device = device;
  c.quantity = quantity;
  c.kind = kind;
  c.unit = unit;
  c.scale = scale;
  c.update_period = std::chrono::seconds{1};
  c.latency = std::chrono::microseconds{200};
  channels_.push_back(std::move(c));
}

double UsageSource::unwaited_part() const {
  const std::lock_guard lock(mutex_);
  return use_->unwaited_part();
}

bool UsageSource::blind() const {
  const std::lock_guard lock(mutex_);
  return use_->blind();
}

void UsageSource::read(Sink& out) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    const Instant before = clock_->now();
    if (before < next_) return;
    const Duration work = thread_cpu_time();
    read_all(out);
    const Duration took = thread_cpu_time() - work;
    next_ = took > kLongLook ? before + kRest * took : Instant{};
    // NOLINTNEXTLINE(bugprone-empty-catch): without memory there is nothing else to do
  } catch (const std::exception&) {  // without memory there is no reading, and the next one bridges it
  }
}

// Adds what the consumer has used since the last reading, by package; false where that is not known. `others`: somebody
// else was at work too, so that it matters where the consumer's threads ran.
bool UsageSource::grow(const std::optional<std::int64_t>& own, bool others) {
  if (!own) return false;
  const bool places = split_.needs_places() || (work_ && others);
  if (needs_pids_ || places) pids_->set(use_->pids());
  const std::map<unsigned, double> by_cpu = places ? places_.by_cpu(pids_->get()) : std::map<unsigned, double>{};
  const std::vector<double>& parts = split_.parts(by_cpu);
  if (parts.empty()) return false;
  const double grown = last_own_ns_ ? static_cast<double>(std::max<std::int64_t>(*own - *last_own_ns_, 0)) : 0.0;
  by_package_.resize(own_ns_.size());
  for (std::size_t i = 0; i < own_ns_.size(); ++i) {
    by_package_[i] = grown * parts[i];
    own_ns_[i] += by_package_[i];
  }
  last_own_ns_ = own;
  const Instant now = clock_->now();
  if (work_) work_->add(machine_.by_cpu(), by_cpu, by_package_, last_read_ ? seconds(now - *last_read_) : 0.0);
  last_read_ = now;
  return true;
}

void UsageSource::read_all(Sink& out) {
  const Instant before = clock_->now();
  const std::optional<std::int64_t> own = use_->cpu_ns();
  const std::vector<std::int64_t>* all = machine_.busy_ns();
  const Instant after = clock_->now();
  double all_grown = 0.0;
  for (std::size_t i = 0; all && i < last_all_ns_.size(); ++i)
    all_grown += static_cast<double>((*all)[i] - last_all_ns_[i]);
  if (all) last_all_ns_ = *all;
  const double own_grown = own && last_own_ns_ ? static_cast<double>(*own - *last_own_ns_) : 0.0;
  const bool known = grow(own, all_grown - own_grown > kAlone * all_grown);
  std::uint32_t channel = 0;
  const auto put = [&](bool is_known, std::int64_t count) {
    if (is_known)
      out.put({channel, Quality::measured, count, before, after});
    else
      out.missing(channel, before, after);
    ++channel;
  };
  for (std::size_t i = 0; i < own_ns_.size(); ++i) {
    put(known, std::llround(own_ns_[i]));
    put(all != nullptr, all ? (*all)[i] : 0);
    if (!work_) continue;
    put(known && all != nullptr, std::llround(work_->own()[i]));
    put(known && all != nullptr, std::llround(work_->all()[i]));
  }
  if (has_sums_) {
    put(known, std::llround(std::accumulate(own_ns_.begin(), own_ns_.end(), 0.0)));
    put(all != nullptr, all ? std::accumulate(all->begin(), all->end(), std::int64_t{0}) : 0);
  }
  if (has_memory_) read_memory(out, channel, before);
  channel += has_memory_ ? 2 : 0;
  const double online = static_cast<double>(std::max<std::size_t>(machine_.cpus().package_of.size(), 1));
  double cores = use_->cpus().empty() ? online : static_cast<double>(use_->cpus().size());
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): it is set wherever this is reached, which the check cannot see
  if (use_->quota()) cores = std::min(cores, *use_->quota());
  put(true, std::llround(std::min(cores / online, 1.0) / kPart));
  if (!has_consumers_) return;
  if (before >= next_fellows_) {
    fellows_ = use_->fellows();
    next_fellows_ = before + kFellowsEvery;
  }
  put(fellows_.has_value(), static_cast<std::int64_t>(fellows_.value_or(0)));
}

// Everybody's by the same rule as the consumer's: a group's holds its page cache, a process's the files that it has mapped.
std::optional<std::int64_t> UsageSource::all_memory() const {
  return used_memory(meminfo_, use_->counts_page_cache() ? MemoryKind::cached : MemoryKind::mapped);
}

void UsageSource::read_memory(Sink& out, std::uint32_t first, Instant now) {
  const std::optional<MemoryUse> own = use_->memory(now);
  if (!own || own->fresh || !all_memory_) all_memory_ = all_memory();
  const Instant after = clock_->now();
  if (own)
    out.put({first, own->fresh ? Quality::measured : Quality::stale, own->bytes, now, after});
  else
    out.missing(first, now, after);
  if (all_memory_)
    out.put({first + 1, own && !own->fresh ? Quality::stale : Quality::measured, *all_memory_, now, after});
  else
    out.missing(first + 1, now, after);
}

}  // namespace impact
