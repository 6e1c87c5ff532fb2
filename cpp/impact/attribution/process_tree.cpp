#include "impact/attribution/process_tree.hpp"

#include <algorithm>

#include "impact/host/process_id.hpp"

namespace impact {
namespace {

// The error of a difference of two sums whose numbers are hundredths, each of them cut off.
constexpr std::int64_t kCutOffNs = 2 * kTickNs;

}  // namespace

ProcessTree::ProcessTree(const Host& host, int root, bool children_only)
    : host_(host), root_(root), is_self_(host.is_real() && root == process_id()), children_only_(children_only) {}

std::optional<ProcessTree::Seen> ProcessTree::see(int pid) const {
  Seen seen;
  if (is_self_ && pid == root_) {  // its own clocks are exact, where /proc tells hundredths
    seen.stat.pid = pid;
    seen.own_ns = process_cpu_time().count();
    seen.children_ns = waited_children_cpu_time().count();
    return seen;
  }
  const std::optional<ProcessStat> stat = read_process_stat(host_, pid);
  if (!stat) return std::nullopt;
  seen.stat = *stat;
  seen.own_ns = static_cast<std::int64_t>(stat->cpu_ticks) * kTickNs;
  seen.children_ns = static_cast<std::int64_t>(stat->children_ticks) * kTickNs;
  return seen;
}

std::vector<int> ProcessTree::children(int pid) {
  if (!no_lists_) {
    if (auto listed = children_of(host_, pid)) return std::move(*listed);
    no_lists_ = true;
  }
  if (by_parent_.empty()) {
    for (const int each : all_processes(host_)) {
      if (const auto stat = read_process_stat(host_, each)) by_parent_[stat->parent].push_back(each);
    }
  }
  return by_parent_[pid];
}

// Tells whether it is the usual case: this process, which has no children, and had none at the last look.
bool ProcessTree::is_alone() const noexcept {
  return is_self_ && !unwaiting_ && pending_.empty() && last_.size() == 1 && last_.contains(root_) && !has_children() &&
         waits_for_children(host_, root_);
}

// Does what finish(look()) comes to then, each second, without making a list for one process.
std::int64_t ProcessTree::look_alone() {
  Seen& self = last_.at(root_);
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): it is set wherever this is reached, which the check cannot see
  self = *see(root_);
  value_ns_ = std::max(value_ns_, unwaited_ns_ + (children_only_ ? 0 : self.own_ns) + self.children_ns);
  return value_ns_;
}

ProcessTree::Look ProcessTree::look() {
  Look now;
  by_parent_.clear();
  if (is_self_ && last_.size() <= 1 && !has_children()) {
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): it is set wherever this is reached, which the check cannot see
    now.emplace(root_, *see(root_));
    return now;
  }
  // Parents are read before their children: a child that is waited for in between is in neither sum, until the next look.
  // The other way round it would be in both, and what it used would be counted twice for good.
  std::vector<int> open;
  for (const bool parent_was_here : {true, false}) {
    for (const auto& [pid, seen] : last_) {
      if (pid != root_ && last_.contains(seen.stat.parent) == parent_was_here) open.push_back(pid);
    }
  }
  open.push_back(root_);
  while (!open.empty()) {
    const int pid = open.back();
    open.pop_back();
    if (now.contains(pid)) continue;
    // Children first: one that is forked between the two reads is found by the next look, one that ends is in the sum.
    std::vector<int> below = children(pid);
    std::optional<Seen> seen = see(pid);
    if (!seen) continue;
    const auto before = last_.find(pid);
    // Its number may have gone to another process since.
    if (before != last_.end() && before->second.stat.started != seen->stat.started) continue;
    now.emplace(pid, *seen);
    open.insert(open.end(), below.begin(), below.end());
  }
  return now;
}

// Finds the nearest process above an ended one which still runs; returns 0 where there is none.
int ProcessTree::survivor(const Look& now, int pid) const {
  for (int steps = 0; steps < 1000; ++steps) {
    const auto gone = last_.find(pid);
    const auto ended = ended_.find(pid);
    if (gone != last_.end()) {
      pid = gone->second.stat.parent;
    } else if (ended != ended_.end()) {
      pid = ended->second.parent;
    } else {
      return 0;
    }
    if (now.contains(pid)) return pid;
  }
  return 0;
}

// Tells whether somebody in the tree lets children go unwaited; from then on the kernel is asked who ends.
void ProcessTree::watch(const Look& now) {
  if (!unwaiting_) {
    for (const auto& [pid, seen] : now) {
      const bool is_new = !last_.contains(pid) || (is_self_ && pid == root_);  // this one may change its mind
      if (is_new && !waits_for_children(host_, pid)) unwaiting_ = true;
    }
    if (!unwaiting_) return;
    if (auto opened = ExitAccounting::open(host_)) exits_ = std::move(opened).value();
  }
  if (!exits_) return;
  std::vector<ExitRecord> records;
  exits_->drain(records);
  for (const ExitRecord& record : records) {
    ExitRecord& sum = ended_[record.pid];
    sum = {record.pid, record.parent, sum.cpu_ns + record.cpu_ns};
  }
}

// Counts what was needed at the last look and has not come into a parent's sum since: nobody waited for it.
void ProcessTree::settle(const Look& now) {
  for (const auto& [parent, need] : pending_) {
    const auto found = now.find(parent);
    const std::int64_t seen = found != now.end() ? found->second.children_ns : last_.at(parent).children_ns;
    const std::int64_t given = seen - need.children_before_ns;
    const bool exact = given == 0 || (is_self_ && parent == root_);
    const std::int64_t lost = need.ns - given;
    if (lost > (exact ? 0 : kCutOffNs)) unwaited_ns_ += lost;
  }
  pending_.clear();
}

void ProcessTree::need(const Look& now, int pid, std::int64_t used) {
  const int parent = survivor(now, pid);
  if (parent == 0) {
    if (last_.contains(pid)) unwaited_ns_ += used;  // the whole branch is gone
    return;
  }
  const auto before = last_.find(parent);
  Need& need = pending_[parent];
  need.ns += used;
  need.children_before_ns = before != last_.end() ? before->second.children_ns : 0;
}

// What ended since the last look should be in its parent's sum; but the parent may have been read just before it
// waited, so that the answer is the next look's.
void ProcessTree::keep_unwaited(const Look& now) {
  settle(now);
  for (const auto& [pid, seen] : last_) {
    if (now.contains(pid)) continue;
    const auto ended = ended_.find(pid);
    const std::int64_t own = ended != ended_.end() ? std::max(ended->second.cpu_ns, seen.own_ns) : seen.own_ns;
    need(now, pid, (pid == root_ && children_only_ ? 0 : own) + seen.children_ns);
  }
  for (const auto& [pid, record] : ended_) {
    if (!now.contains(pid) && !last_.contains(pid)) need(now, pid, record.cpu_ns);
  }
  std::erase_if(ended_, [&](const auto& one) { return !now.contains(one.first); });
}

std::int64_t ProcessTree::finish(Look now) {
  watch(now);
  keep_unwaited(now);
  std::int64_t sum = unwaited_ns_;
  pids_.clear();
  for (const auto& [pid, seen] : now) {
    const bool counts = pid != root_ || !children_only_;
    sum += (counts ? seen.own_ns : 0) + seen.children_ns;
    if (counts && seen.stat.state != 'Z') pids_.push_back(pid);
  }
  const auto root = std::ranges::find(pids_, root_);
  if (root != pids_.end()) std::rotate(pids_.begin(), root, root + 1);
  last_ = std::move(now);
  value_ns_ = std::max(value_ns_, sum);
  if (first_ns_ < 0) first_ns_ = value_ns_;
  return value_ns_;
}

std::optional<std::int64_t> ProcessTree::cpu_ns() {
  if (is_alone()) return look_alone();
  Look now = look();
  if (now.empty() && first_ns_ < 0) return std::nullopt;
  return finish(std::move(now));
}

double ProcessTree::unwaited_part() const noexcept {
  const std::int64_t grown = value_ns_ - std::max<std::int64_t>(first_ns_, 0);
  return grown > 0 ? std::min(static_cast<double>(unwaited_ns_) / static_cast<double>(grown), 1.0) : 0.0;
}

}  // namespace impact
