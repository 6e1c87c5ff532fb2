#include "impact/attribution/consumer_use.hpp"

#include <algorithm>
#include <set>

#include "impact/host/page.hpp"
#include "impact/host/process_id.hpp"
#include "impact/host/words.hpp"

namespace impact {
namespace {

constexpr Duration kMemoryEvery = std::chrono::seconds{10};
constexpr Duration kWalkEvery =
    std::chrono::seconds{30};  // reading it walks page tables under the lock that the program allocates by

std::filesystem::path proc(const Host& host, std::int64_t pid, const char* file) {
  return host.path("/proc/" + std::to_string(pid) + "/" + file);
}

std::optional<std::int64_t> resident_bytes(const Host& host, std::int64_t pid) {
  const Result<std::string> text = read_text(proc(host, pid, "statm"));
  if (!text) return std::nullopt;
  const std::string_view words = text.value();
  const std::size_t blank = words.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const std::string_view rest = words.substr(blank + 1);
  const auto pages = parse_number<std::int64_t>(rest.substr(0, rest.find(' ')));
  return pages && *pages >= 0 ? std::optional(*pages * static_cast<std::int64_t>(page_size())) : std::nullopt;
}

// Finds the line "<name>: <number> kB" of a text.
std::optional<std::int64_t> kilobytes(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    if (at != 0 && text[at - 1] != '\n') continue;
    std::size_t from = at + name.size();
    while (from < text.size() && (text[from] == ' ' || text[from] == '\t')) ++from;
    return parse_number<std::int64_t>(text.substr(from, text.find(' ', from) - from));
  }
  return std::nullopt;
}

// A process of another user is closed to us: then all that it has resident counts, shared pages too.
std::optional<std::int64_t> proportional_bytes(const Host& host, int pid) {
  const Result<std::string> text = read_text(proc(host, pid, "smaps_rollup"));
  if (!text && text.error().kind == ErrorKind::forbidden) return resident_bytes(host, pid);
  const auto kb = text ? kilobytes(text.value(), "Pss:") : std::nullopt;
  return kb ? std::optional(*kb * 1024) : std::nullopt;
}

std::string job_name(const Host& host, std::int64_t pid, const JobPath& job) {
  if (!job.is_batch()) return std::string(to_string(job.system)) + " container " + job.id.substr(0, 12);
  std::string id = job.id;
  if (job.system == JobPath::System::slurm && id.front() == 's') {  // it is a SLUID, where users know the number
    const Result<std::string> environment = read_text(proc(host, pid, "environ"));
    if (environment) {
      constexpr std::string_view kKey = "SLURM_JOB_ID=";
      std::string_view rest = environment.value();
      while (!rest.empty()) {
        const std::string_view variable = next_until(rest, '\0');
        if (variable.starts_with(kKey)) id = std::string(variable.substr(kKey.size())) + " (" + job.id + ")";
      }
    }
  }
  return std::string(to_string(job.system)) + " job " + id;
}

}  // namespace

Result<std::unique_ptr<ConsumerUse>> ConsumerUse::open(const Host& host, const Whose& whose) {
  const std::int64_t pid = whose.pid != 0 ? whose.pid : process_id();
  std::unique_ptr<ConsumerUse> use(new ConsumerUse(host, pid));
  const Result<bool> opened =
      whose.scope == Scope::process ? use->open_tree(whose.children_only) : use->open_group(whose.scope);
  if (!opened) return opened.error();
  use->cpus_ = use->allowed_cpus();
  if (const auto& place = use->place_) use->quota_ = quota_of(*place);
  return use;
}

Result<bool> ConsumerUse::open_tree(bool children_only) {
  tree_.emplace(host_, static_cast<int>(pid_), children_only);
  if (!tree_->cpu_ns())
    return Error{ErrorKind::absent, "there is no process " + std::to_string(pid_) + " below " + host_.root.string(),
                 ""};
  name_ = children_only ? "what process " + std::to_string(pid_) + " has started"
                        : "process " + std::to_string(pid_) + " and its children";
  if (!children_only) use_own_group();
  return true;
}

// Where the tree has a control group to itself, the group's counter knows every process that ever was in it.
void ConsumerUse::use_own_group() {
  Result<CgroupPlace> place = find_cgroup(host_, pid_);
  if (!place) return;
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): open_tree() has set it
  const std::vector<int>& pids = tree_->pids();
  const std::set<int> tree(pids.begin(), pids.end());
  const std::vector<int> group = processes_of(place.value().folder);
  if (group.empty() || !std::ranges::all_of(group, [&](int pid) { return tree.contains(pid); })) return;
  if (std::ranges::find(group, static_cast<int>(pid_)) == group.end() || group.size() != tree.size()) return;
  Result<CgroupMeter> meter = CgroupMeter::open(place.value());
  if (!meter) return;
  meter_.emplace(std::move(meter).value());
  place_ = std::move(place).value();
}

Result<bool> ConsumerUse::open_group(Scope scope) {
  Result<CgroupPlace> place = find_cgroup(host_, pid_);
  if (!place) return place.error();
  place_ = std::move(place).value();
  job_ = find_job(place_->path);
  if (scope == Scope::job) {
    if (!job_) {
      return Error{ErrorKind::absent,
                   "the control group " + place_->path + " names no batch job and no container that is known here", ""};
    }
    place_ = above(*place_, job_->path);
    name_ = job_name(host_, pid_, *job_);
  } else {
    name_ = "control group " + place_->path;
    if (job_) name_ += " (" + job_name(host_, pid_, *job_) + (job_->step.empty() ? "" : ", step " + job_->step) + ")";
  }
  Result<CgroupMeter> meter = CgroupMeter::open(*place_);
  if (!meter) return meter.error();
  meter_.emplace(std::move(meter).value());
  return true;
}

std::vector<unsigned> ConsumerUse::allowed_cpus() const {
  if (place_) {
    if (auto cpus = cpus_of(*place_); !cpus.empty()) return cpus;
  }
  if (!tree_) return {};
  const Result<std::string> status = read_text(proc(host_, pid_, "status"));
  constexpr std::string_view kKey = "\nCpus_allowed_list:";
  const std::size_t at = status ? status.value().find(kKey) : std::string::npos;
  if (at == std::string::npos) return {};
  std::string_view list = std::string_view(status.value()).substr(at + kKey.size());
  while (!list.empty() && (list.front() == ' ' || list.front() == '\t')) list.remove_prefix(1);
  return parse_cpu_list(list.substr(0, list.find('\n'))).value_or(std::vector<unsigned>{});
}

std::optional<std::int64_t> ConsumerUse::cpu_ns() {
  if (meter_) {
    if (const auto ns = meter_->cpu_ns()) return ns;
    return std::nullopt;  // the group is gone: what it used last is not known
  }
  return tree_->cpu_ns();  // NOLINT(bugprone-unchecked-optional-access): without a meter there is a tree
}

std::vector<int> ConsumerUse::pids() const {
  if (meter_ && place_) return processes_of(place_->folder);
  return tree_->pids();  // NOLINT(bugprone-unchecked-optional-access): without a meter there is a tree
}

std::optional<MemoryUse> ConsumerUse::memory(Instant now) {
  if (now < next_memory_) return memory_ ? std::optional(MemoryUse{memory_->bytes, false}) : std::nullopt;
  std::optional<std::int64_t> bytes;
  next_memory_ = now + kMemoryEvery;
  if (counts_page_cache()) {
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): only a meter counts page cache
    bytes = meter_->memory_bytes();
  } else {
    const std::vector<int> all = pids();
    if (all.size() == 1) {
      bytes = resident_bytes(host_, all.front());
    } else {
      next_memory_ = now + kWalkEvery;
      std::int64_t sum = 0;
      std::size_t read = 0;
      for (const int pid : all) {
        const auto part = proportional_bytes(host_, pid);
        sum += part.value_or(0);
        read += part ? 1 : 0;
      }
      if (read > 0) bytes = sum;  // one that has ended since holds no memory any more
    }
  }
  memory_ = bytes ? std::optional(MemoryUse{*bytes, true}) : std::nullopt;
  return memory_;
}

std::optional<std::size_t> ConsumerUse::fellows() const {
  if (!place_ || !job_) return std::nullopt;
  return count_fellows(*place_, *job_);
}

}  // namespace impact
