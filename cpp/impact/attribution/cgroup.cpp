#include "impact/attribution/cgroup.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "impact/host/process_id.hpp"
#include "impact/host/words.hpp"

namespace impact {
namespace {

namespace fs = std::filesystem;

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (!text.empty()) parts.push_back(next_until(text, by));
  return parts;
}

// A mount of a hierarchy: which of its directories is seen where.
struct Mount {
  std::string root;   // "/docker/<id>" in a container that sees its own part alone
  std::string point;  // "/sys/fs/cgroup"
};

// By controller; "" is version 2.
std::map<std::string, Mount> mounts_of(const Host& host) {
  std::map<std::string, Mount> mounts;
  const Result<std::string> table = read_text(host.path("/proc/self/mountinfo"));
  if (table) {
    for (const std::string_view line : split(table.value(), '\n')) {
      // "36 35 0:32 ROOT POINT options… - TYPE device superoptions"
      const std::size_t dash = line.find(" - ");
      if (dash == std::string_view::npos) continue;
      const auto before = split(line.substr(0, dash), ' '), after = split(line.substr(dash + 3), ' ');
      if (before.size() < 5 || after.size() < 3) continue;
      const Mount mount{std::string(before[3]), std::string(before[4])};
      if (after[0] == "cgroup2") mounts.try_emplace("", mount);
      if (after[0] != "cgroup") continue;
      for (const std::string_view option : split(after[2], ',')) mounts.try_emplace(std::string(option), mount);
    }
  }
  if (!mounts.empty()) return mounts;
  // A tree of files without a table of mounts: the usual places.
  std::error_code failed;
  if (fs::exists(host.path("/sys/fs/cgroup/cgroup.controllers"), failed)) mounts[""] = {"/", "/sys/fs/cgroup"};
  for (const char* controller : {"cpuacct", "memory", "cpuset", "cpu"}) {
    for (const std::string& name : list_directory(host.path("/sys/fs/cgroup"))) {
      const auto parts = split(name, ',');
      if (std::ranges::find(parts, controller) != parts.end())
        mounts.try_emplace(controller, Mount{"/", "/sys/fs/cgroup/" + name});
    }
  }
  return mounts;
}

// The folder of a group; empty where this mount does not show it.
fs::path folder_of(const Host& host, const std::map<std::string, Mount>& mounts, const std::string& controller,
                   std::string_view path) {
  const auto found = mounts.find(controller);
  if (found == mounts.end() || path.find("/..") != std::string_view::npos) return {};
  std::string_view below = path;
  if (found->second.root != "/") {
    if (below.starts_with(found->second.root)) {
      below.remove_prefix(found->second.root.size());
    } else if (below != "/") {
      return {};
    }
  }
  const fs::path folder = host.path(found->second.point + std::string(below == "/" ? "" : below));
  std::error_code failed;
  return fs::is_directory(folder, failed) ? folder : fs::path{};
}

// The true root holds the whole machine; the root that a container sees is the container's.
bool is_whole_machine(const CgroupPlace& place) {
  if (place.path != "/") return false;
  std::error_code failed;
  return !place.v2 || !fs::exists(place.folder / "cgroup.events", failed);
}

Descriptor open_or_none(const fs::path& path) {
  Result<Descriptor> file = open_for_reading(path);
  return file ? std::move(file).value() : Descriptor{};
}

std::optional<std::int64_t> number_in(const fs::path& path) {
  const Result<std::string> text = read_text(path);
  return text ? parse_number<std::int64_t>(text.value()) : std::nullopt;
}

}  // namespace

Result<CgroupPlace> find_cgroup(const Host& host, std::int64_t pid) {
  const std::string who = pid == process_id() ? "self" : std::to_string(pid);
  const fs::path list = host.path("/proc/" + who + "/cgroup");
  const Result<std::string> text = read_text(list);
  if (!text) return text.error();
  std::map<std::string, std::string> paths;  // by controller
  for (const std::string_view line : split(text.value(), '\n')) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string path(line.substr(second + 1));
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty()) paths[""] = path;
    for (const std::string_view each : split(controllers, ',')) paths[std::string(each)] = path;
  }
  const std::map<std::string, Mount> mounts = mounts_of(host);
  const auto at = [&](const std::string& controller) {
    const auto path = paths.find(controller);
    return path == paths.end() ? fs::path{} : folder_of(host, mounts, controller, path->second);
  };
  const bool has_v1 = paths.contains("cpuacct") && !at("cpuacct").empty();
  // Version 1 may have a process in another group of each controller: what is no part of this one tells nothing of it.
  const auto beside = [&](const std::string& controller) {
    return has_v1 && paths.contains(controller) && paths[controller] == paths["cpuacct"] ? at(controller) : fs::path{};
  };
  CgroupPlace v1{has_v1 ? paths["cpuacct"] : "", at("cpuacct"), beside("memory"), beside("cpuset"), false};
  CgroupPlace v2{paths.contains("") ? paths[""] : "", at(""), at(""), at(""), true};
  const auto usable = [](const CgroupPlace& p) { return !p.folder.empty() && !is_whole_machine(p); };
  const bool v2_first = usable(v2) && (!usable(v1) || (find_job(v2.path) && !find_job(v1.path)));
  if (v2_first) return v2;
  if (usable(v1)) return v1;
  return Error{ErrorKind::absent, list.string() + ": the process is in no control group of its own", ""};
}

CgroupPlace above(const CgroupPlace& place, std::string_view path) {
  CgroupPlace higher = place;
  std::string_view rest = std::string_view(place.path).substr(std::min(path.size(), place.path.size()));
  const auto levels = split(rest, '/');
  const auto steps = std::ranges::count_if(levels, [](std::string_view level) { return !level.empty(); });
  for (fs::path* folder : {&higher.folder, &higher.memory, &higher.cpuset}) {
    for (std::ptrdiff_t i = 0; i < steps && !folder->empty(); ++i) *folder = folder->parent_path();
  }
  higher.path = path;
  return higher;
}

Result<CgroupMeter> CgroupMeter::open(const CgroupPlace& place) {
  CgroupMeter meter;
  meter.v2_ = place.v2;
  const fs::path cpu = place.folder / (place.v2 ? "cpu.stat" : "cpuacct.usage");
  Result<Descriptor> file = open_for_reading(cpu);
  if (!file) return file.error();
  meter.cpu_ = std::move(file).value();
  if (!meter.cpu_ns()) return Error{ErrorKind::broken, cpu.string() + " does not tell the group's CPU time", ""};
  if (!place.memory.empty())
    meter.memory_ = open_or_none(place.memory / (place.v2 ? "memory.current" : "memory.usage_in_bytes"));
  return meter;
}

std::optional<std::int64_t> CgroupMeter::cpu_ns() const noexcept {
  std::array<char, 512> buffer;
  const std::ptrdiff_t n = read_at(cpu_, buffer);
  if (n <= 0) return std::nullopt;
  const std::string_view text{buffer.data(), static_cast<std::size_t>(n)};
  if (!v2_) return parse_number<std::int64_t>(text);
  constexpr std::string_view kName = "usage_usec ";  // the first line
  if (!text.starts_with(kName)) return std::nullopt;
  const auto usec = parse_number<std::int64_t>(text.substr(kName.size(), text.find('\n') - kName.size()));
  return usec ? std::optional(*usec * 1000) : std::nullopt;
}

std::optional<std::int64_t> CgroupMeter::memory_bytes() const noexcept {
  const auto bytes = memory_.valid() ? read_count(memory_) : std::nullopt;
  return bytes ? std::optional(static_cast<std::int64_t>(*bytes)) : std::nullopt;
}

std::vector<int> processes_of(const fs::path& folder) {
  std::vector<int> pids;
  std::vector<fs::path> open{folder};
  while (!open.empty() && pids.size() < 100'000) {
    const fs::path here = std::move(open.back());
    open.pop_back();
    if (const Result<std::string> list = read_text(here / "cgroup.procs")) {
      for (const std::string_view line : split(list.value(), '\n')) {
        if (const auto pid = parse_number<int>(line)) pids.push_back(*pid);
      }
    }
    std::error_code failed;
    for (fs::directory_iterator it(here, failed), end; !failed && it != end; it.increment(failed)) {
      if (it->is_directory(failed)) open.push_back(it->path());
    }
  }
  return pids;
}

std::vector<unsigned> cpus_of(const CgroupPlace& place) {
  if (place.cpuset.empty()) return {};
  for (const char* name : {"cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"}) {
    const Result<std::string> text = read_text(place.cpuset / name);
    if (!text || text.value().empty()) continue;
    if (auto cpus = parse_cpu_list(text.value())) return std::move(*cpus);
  }
  return {};
}

namespace {

std::optional<double> quota_in(const fs::path& folder, bool v2) {
  if (v2) {
    const Result<std::string> text = read_text(folder / "cpu.max");
    if (!text) return std::nullopt;
    const auto words = split(text.value(), ' ');
    if (words.size() != 2) return std::nullopt;
    const auto quota = parse_number<double>(words[0]), period = parse_number<double>(words[1]);
    return quota && period && *quota > 0 && *period > 0 ? std::optional(*quota / *period) : std::nullopt;
  }
  const auto quota = number_in(folder / "cpu.cfs_quota_us"), period = number_in(folder / "cpu.cfs_period_us");
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

}  // namespace

// The limit of a group holds for those below it, which need not have one of their own.
std::optional<double> quota_of(const CgroupPlace& place) {
  const auto names = split(place.path, '/');
  auto levels = std::ranges::count_if(names, [](std::string_view name) { return !name.empty(); });
  std::optional<double> least;
  for (fs::path folder = place.folder; levels >= 0; --levels, folder = folder.parent_path()) {
    const std::optional<double> quota = quota_in(folder, place.v2);
    if (quota) least = std::min(*quota, least.value_or(*quota));
  }
  return least;
}

std::optional<std::size_t> count_fellows(const CgroupPlace& place, const JobPath& job) {
  const CgroupPlace of_job = above(place, job.path);
  // Slurm's version 1 sorts jobs by user: one level more.
  const bool by_user = job.system == JobPath::System::slurm && !place.v2;
  const auto tail = [](const std::string& path, int levels) {
    std::size_t at = path.size();
    for (int i = 0; i < levels && at != 0 && at != std::string::npos; ++i) at = path.rfind('/', at - 1);
    return at == std::string::npos ? std::string{} : path.substr(0, at);
  };
  std::vector<std::pair<fs::path, std::string>> parents;
  if (by_user) {
    const fs::path users = of_job.folder.parent_path().parent_path();
    for (const std::string& user : list_directory(users))
      parents.emplace_back(users / user, tail(job.path, 2) + "/" + user);
  } else {
    parents.emplace_back(of_job.folder.parent_path(), tail(job.path, 1));
  }
  std::size_t count = 0;
  for (const auto& [folder, path] : parents) {
    for (const std::string& name : list_directory(folder)) {
      const std::string group = std::string(path).append("/").append(name);
      const std::optional<JobPath> fellow = find_job(group);
      if (fellow && fellow->system == job.system && fellow->path == group) ++count;
    }
  }
  return count > 0 ? std::optional(count) : std::nullopt;
}

}  // namespace impact
