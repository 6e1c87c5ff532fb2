#include "impact/tracker/node_channels.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>

#include "impact/sources/domain_tree.hpp"
#include "impact/tracker/record_stream.hpp"

namespace impact {
namespace {

using Numbers = std::vector<std::uint32_t>;  // they are sorted

// Tells whether the channel says something of the machine, and not of the process that read it.
bool is_of_machine(const Channel& c) {
  constexpr std::array<std::string_view, 5> kStates{"cpu_time", "memory_used", "utilisation", "temperature", "clock"};
  return tells_energy(c) || (c.device != "process" && std::ranges::find(kStates, c.quantity) != kStates.end());
}

bool counts_alike(const Channel& a, const Channel& b) {
  return a.scale == b.scale && a.unit == b.unit && a.kind == b.kind && a.range == b.range && a.device == b.device &&
         a.domain == b.domain;
}

void number_channels(const RecordView& record, NodeChannels& node) {
  Numbers& numbers = node.numbers.emplace_back();
  for (std::size_t c = 0; c < record.header.channels.size(); ++c) {
    const Channel& channel = record.header.channels[c];
    numbers.push_back(kNoChannel);
    if (!is_of_machine(channel)) continue;
    const auto known = std::ranges::find_if(
        node.channels, [&](const Channel& k) { return k.id == channel.id && k.source == channel.source; });
    if (known != node.channels.end() && !counts_alike(*known, channel)) {
      node.notes.push_back(channel.id + ": records describe it differently; only the first's readings are used");
      continue;
    }
    const auto number = static_cast<std::uint32_t>(known - node.channels.begin());
    if (known == node.channels.end()) {
      node.channels.push_back(channel);
      node.at_edges.push_back(false);
    }
    node.at_edges[number] = node.at_edges[number] || record.settings.at_edges[c];
    numbers.back() = number;
  }
}

Numbers numbers_of(const NodeChannels& node, std::size_t record) {
  Numbers numbers;
  for (const std::uint32_t n : node.numbers[record]) {
    if (n != kNoChannel) numbers.push_back(n);
  }
  std::ranges::sort(numbers);
  return numbers;
}

// Computes how a set of channels adds up, and keeps the answer, because the same few sets come again and again.
class Sums {
 public:
  Sums(const NodeChannels& node, std::span<const RecordView> records) : channels_(node.channels) {
    for (const RecordView& record : records) {
      for (const std::string& name : record.settings.roles.missing) missing_.insert(name);
      for (std::size_t c = 0; c < record.header.channels.size(); ++c) {
        const bool psys = record.header.channels[c].domain == Domain::psys;
        include_psys_ = include_psys_ || (psys && record.settings.roles.by_channel[c] == Role::in_total);
      }
    }
  }

  const Roles& of(const Numbers& set) {
    const auto [it, is_new] = known_.try_emplace(set);
    if (!is_new) return it->second;
    std::vector<Channel> channels;
    channels.reserve(set.size());
    for (const std::uint32_t n : set) channels.push_back(channels_[n]);
    const std::vector<std::string> present(missing_.begin(), missing_.end());
    const Cover cover = find_cover(channels, {include_psys_, present});
    Roles& roles = it->second;
    roles.by_channel.assign(channels_.size(), Role::state);
    for (const Part& part : cover.parts) roles.by_channel[set[part.channel]] = part.role;
    roles.missing = cover.missing;
    return roles;
  }

  // Tells whether both sets choose the same channels among those of `part`: then the sum need not change between them.
  bool agree(const Numbers& all, const Numbers& part) {
    const Roles& of_all = of(all);
    const Roles& of_part = of(part);
    return std::ranges::all_of(part, [&](std::uint32_t n) {
      return (of_all.by_channel[n] == Role::in_total) == (of_part.by_channel[n] == Role::in_total);
    });
  }

 private:
  std::span<const Channel> channels_;
  std::set<std::string> missing_;
  bool include_psys_ = false;
  std::map<Numbers, Roles> known_;
};

// Takes the roles from the records where all of them have the same channels in the same roles, so that the sum stays
// the one that each record was written with.
bool stated_alike(std::span<const RecordView> records, const NodeChannels& node, Roles& roles) {
  roles.by_channel.assign(node.channels.size(), Role::state);
  const Numbers all = numbers_of(node, 0);
  if (all.size() != node.channels.size()) return false;
  for (std::size_t r = 0; r < records.size(); ++r) {
    if (numbers_of(node, r) != all || records[r].settings.roles.missing != records[0].settings.roles.missing)
      return false;
    for (std::size_t c = 0; c < node.numbers[r].size(); ++c) {
      const std::uint32_t n = node.numbers[r][c];
      if (n == kNoChannel) continue;
      const Role role = records[r].settings.roles.by_channel[c];
      if (r > 0 && roles.by_channel[n] != role) return false;
      roles.by_channel[n] = role;
    }
  }
  roles.missing = records[0].settings.roles.missing;
  return true;
}

// The set of channels changes whenever a record begins or ends. Returns each such instant with the set from then on.
std::vector<std::pair<Instant, Numbers>> sets_over_time(std::span<const RecordView> records, const NodeChannels& node) {
  std::set<Instant> changes;
  for (const RecordView& r : records) changes.insert({r.start, r.stop});
  std::vector<std::pair<Instant, Numbers>> sets;
  for (const Instant t : changes) {
    std::set<std::uint32_t> there;
    for (std::size_t r = 0; r < records.size(); ++r) {
      if (records[r].start > t || records[r].stop <= t) continue;
      for (const std::uint32_t n : node.numbers[r]) {
        if (n != kNoChannel) there.insert(n);
      }
    }
    if (!there.empty()) sets.emplace_back(t, Numbers(there.begin(), there.end()));
  }
  return sets;
}

std::vector<Period> periods_of(std::span<const RecordView> records, const NodeChannels& node) {
  Roles stated;
  if (stated_alike(records, node, stated)) return {{Instant::min(), std::move(stated)}};
  Sums sums(node, records);
  std::vector<Period> periods;
  Numbers all;
  std::set<Numbers> parts;  // belong to the period that is being gathered
  for (auto& [from, set] : sets_over_time(records, node)) {
    Numbers with;
    std::ranges::set_union(all, set, std::back_inserter(with));
    parts.insert(set);
    const bool goes_on =
        !periods.empty() && std::ranges::all_of(parts, [&](const Numbers& part) { return sums.agree(with, part); });
    if (goes_on) {
      all = std::move(with);
    } else {
      all = set;
      parts = {set};
      periods.push_back({periods.empty() ? Instant::min() : from, {}});
    }
    periods.back().roles = sums.of(all);
  }
  if (periods.empty()) periods.push_back({Instant::min(), stated});  // the records have no length
  return periods;
}

}  // namespace

NodeChannels node_channels(std::span<const RecordView> records) {
  NodeChannels node;
  for (const RecordView& record : records) {
    number_channels(record, node);
    node.interval = std::max(node.interval, record.settings.interval);
  }
  std::ranges::sort(node.notes);
  node.notes.erase(std::unique(node.notes.begin(), node.notes.end()), node.notes.end());
  node.periods = periods_of(records, node);
  return node;
}

}  // namespace impact
