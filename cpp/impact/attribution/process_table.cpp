#include "impact/attribution/process_table.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "impact/host/process_usage.hpp"

namespace impact {
namespace {

constexpr std::size_t kLongestLine = 1024;
// A process may be moved into another group, as batch systems do right after its start. To look costs as much as the
// process itself, so that each comes in its turn.
constexpr std::uint64_t kLooksPerGroup = 32;

bool is_turn(int pid, std::uint64_t looks) { return (static_cast<std::uint64_t>(pid) + looks) % kLooksPerGroup == 0; }

std::string_view command_in(std::string_view line) {
  const std::size_t open = line.find('('), close = line.rfind(')');
  return line.substr(open + 1, close - open - 1);  // a line that was parsed has both
}

// The hierarchy that names a job where one does; else the first, which is version 2's only one.
std::string group_in(std::string_view lines, std::optional<JobPath>& job) {
  std::string group;
  job.reset();
  while (!lines.empty() && !job) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view path = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    for (int colons = 0; colons < 2; ++colons) path.remove_prefix(std::min(path.find(':'), path.size() - 1) + 1);
    job = find_job(path);
    if (group.empty() || job) group = path;
  }
  return group;
}

}  // namespace

ProcessTable::ProcessTable(Host host, std::size_t most_kept)
    : host_(std::move(host)), most_kept_(most_kept), has_clocks_(numbers_processes_alike(host_)) {}

// To list all processes costs more than to ask 500 of them: it is done where a task was made since, or one is gone.
void ProcessTable::renew_list() {
  std::string newest;
  if (has_clocks_) {
    const Result<std::string> load = read_text(host_.path("/proc/loadavg"));
    if (load) newest = load.value().substr(load.value().rfind(' ') + 1);
  }
  if (!newest.empty() && newest == newest_ && !has_lost_) return;
  newest_ = std::move(newest);
  has_lost_ = false;
  pids_ = all_processes(host_);
}

Descriptor ProcessTable::open(int pid) {
  const std::filesystem::path path = host_.path("/proc/" + std::to_string(pid) + "/stat");
  Descriptor file = open_briefly(path);
  if (file.valid() || (errno != EMFILE && errno != ENFILE) || kept_ == 0) return file;
  for (auto& [number, entry] : entries_) entry.stat.close();  // the program needs them more than we do
  most_kept_ = kept_ / 2;
  kept_ = 0;
  return open_briefly(path);
}

// Bytes of its line, into text_; 0 or less where it has ended.
std::ptrdiff_t ProcessTable::read(int pid, Entry& entry) {
  text_.resize(kLongestLine);
  if (entry.stat.valid()) {
    const std::ptrdiff_t size = read_at(entry.stat, text_);
    if (size > 0) return size;
    entry.stat.close();  // another process may have its number now
    --kept_;
  }
  Descriptor file = open(pid);
  if (!file.valid()) return -1;
  const std::ptrdiff_t size = read_at(file, text_);
  if (size > 0 && kept_ < most_kept_) {
    entry.stat = std::move(file);
    ++kept_;
  }
  return size;
}

// Whether the group is another than before.
bool ProcessTable::renew_group(int pid, Entry& entry, std::optional<JobPath>& job) const {
  const Result<std::string> lines = read_text(host_.path("/proc/" + std::to_string(pid) + "/cgroup"));
  std::string group = lines ? group_in(lines.value(), job) : std::string{};
  if (group == entry.group) return false;
  entry.group = std::move(group);
  return true;
}

// Whether it is one that was seen before and has not run since: nothing of it can have changed but its group.
bool ProcessTable::has_rested(int pid) {
  const auto at = entries_.find(pid);
  if (!has_clocks_ || at == entries_.end() || is_turn(pid, looks_)) return false;
  const std::optional<Duration> cpu = cpu_time_of(pid);
  if (!cpu || *cpu != at->second.cpu) return false;
  at->second.last_look = looks_;
  return true;
}

void ProcessTable::look_at(int pid, ProcessChanges& changes) {
  if (has_rested(pid)) return;
  const auto [at, is_new] = entries_.try_emplace(pid);
  Entry& entry = at->second;
  const std::ptrdiff_t size = read(pid, entry);
  const std::string_view line(text_.data(), static_cast<std::size_t>(std::max<std::ptrdiff_t>(size, 0)));
  const std::optional<ProcessStat> stat = parse_process_stat(line);
  if (!stat && is_new) {  // nobody was told of it
    if (entry.stat.valid()) --kept_;
    entries_.erase(at);
    unread_now_.insert(pid);
    return;
  }
  if (!stat) {
    // Where the program has no descriptor left the process is still there: what it uses is told at a later look.
    if (size < 0 && errno != ENOENT && errno != ESRCH) entry.last_look = looks_;
    return;
  }
  const bool is_other = is_new || stat->started != entry.started;
  const Duration before = is_other ? Duration{0} : entry.cpu;
  const Duration ticks{static_cast<std::int64_t>(stat->cpu_ticks) * kTickNs};
  const Duration now = has_clocks_ ? cpu_time_of(pid).value_or(before) : ticks;
  // One that was there at the look before and could not be read has worked for nobody knows how long.
  const bool is_whole_life = is_new && (looks_ == 1 || unread_.contains(pid));
  if (!is_whole_life && now > before) changes.used.push_back({pid, now - before});
  entry.started = stat->started;
  entry.cpu = std::max(now, before);
  entry.last_look = looks_;
  const std::string_view command = command_in(line);
  const bool is_renamed = command != entry.command;
  if (is_renamed) entry.command = command;
  if (!is_other && !is_renamed && !is_turn(pid, looks_)) return;
  std::optional<JobPath> job;
  const bool is_moved = renew_group(pid, entry, job);
  if (!is_other && !is_renamed && !is_moved) return;
  changes.seen.push_back({pid, entry.command, entry.group, std::move(job)});
}

ProcessChanges ProcessTable::look() {
  ProcessChanges changes;
  renew_list();
  if (pids_.empty()) return changes;  // there is at least this one: the directory could not be read
  ++looks_;
  unread_ = std::exchange(unread_now_, {});
  for (const int pid : pids_) look_at(pid, changes);
  for (auto at = entries_.begin(); at != entries_.end();) {
    if (at->second.last_look == looks_) {
      ++at;
      continue;
    }
    has_lost_ = true;
    changes.gone.push_back(at->first);
    if (at->second.stat.valid()) --kept_;
    at = entries_.erase(at);
  }
  return changes;
}

}  // namespace impact
