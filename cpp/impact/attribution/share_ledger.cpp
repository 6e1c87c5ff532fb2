#include "impact/attribution/share_ledger.hpp"

#include <algorithm>
#include <cmath>

namespace impact {
namespace {

constexpr double kNormal95 = 1.96;
constexpr double kTickS = 0.01;  // the kernel counts the machine's CPU time in hundredths

// Adds a device's energy to a sum that is not known until one device is.
void add(Joules& sum, double joules) noexcept { sum = sum.is_missing() ? Joules{joules} : sum + Joules{joules}; }

}  // namespace

ShareLedger::ShareLedger(ShareSettings settings, std::span<const Channel> channels)
    : settings_(std::move(settings)),
      channels_(channels.begin(), channels.end()),
      seen_(channels.size()),
      lines_(settings_.pairs.size()) {}

void ShareLedger::row(std::span<const Reading> readings, const EnergyAt& energy_at) {
  if (settings_.pairs.empty()) return;
  for (Seen& seen : seen_) seen.here = false;
  for (const Reading& r : readings) {
    if (r.channel >= seen_.size() || r.quality == Quality::missing) continue;
    seen_[r.channel] = {static_cast<double>(r.count) * channels_[r.channel].scale, middle(r.before, r.after), true};
  }
  bool advanced = false;
  for (std::size_t p = 0; p < lines_.size(); ++p) {
    const SharePair& pair = settings_.pairs[p];
    // Without either there is no interval: the next whole reading ends a longer one.
    if (!seen_[pair.own].here || !seen_[pair.all].here) continue;
    const Instant now = seen_[pair.own].at;
    advance(p, now, energy_at(pair.energy, now));
    advanced = true;
  }
  if (!advanced) return;
  for (auto& [region, edges] : edges_) {
    resolve(edges.in);
    if (edges.out) resolve(*edges.out);
  }
}

// Returns what was used of a counter between two readings, or the mean of a gauge; NaN where a counter began anew.
double ShareLedger::use(std::uint32_t channel, double before, double now, double seconds) const {
  if (channels_[channel].kind == Kind::gauge) return 0.5 * (before + now) * seconds;
  return now >= before ? now - before : kUnknown;
}

void ShareLedger::advance(std::size_t p, Instant now, double energy) {
  const SharePair& pair = settings_.pairs[p];
  Line& line = lines_[p];
  const double own_now = seen_[pair.own].value, all_now = seen_[pair.all].value, load_now = seen_[pair.load].value;
  if (!std::isfinite(energy) || (line.seeded && now <= line.to)) return;
  if (line.seeded) {
    const double dt = seconds(now - line.to);
    const double joules = energy - line.energy;
    const double own = use(pair.own, line.own, own_now, dt);
    const double all = use(pair.all, line.all, all_now, dt);
    // The machine's time is counted in ticks: it may show less than the consumer's exact time.
    const double weights[] = {own, std::max(all - own, std::isnan(all) ? kUnknown : 0.0)};
    const Weighed w = weigh(weights);
    line.before = line.sums;
    line.from = line.to;
    Sums& s = line.sums;
    s[all_s] += dt;
    s[all_j] += joules;
    if (w.kind == Weighed::Kind::unknown) s[unknown_j] += joules;
    if (w.kind == Weighed::Kind::vacant) s[vacant_j] += joules;
    if (w.kind == Weighed::Kind::known) {
      s[own_j] += joules * w.parts[0];
      s[own_s] += dt * w.parts[0];
      s[others_j] += joules * w.parts[1];
      s[others_s] += dt * w.parts[1];
      s[all_use] += std::max(own, all);
    }
    s[cores_s] += dt * (settings_.cores ? seen_[*settings_.cores].value : kUnknown);
    s[equal_s] += dt / (settings_.consumers ? seen_[*settings_.consumers].value : kUnknown);
    line.idle.add(joules / dt, use(pair.load, line.load, load_now, dt) / (dt * pair.capacity), dt);
  } else {
    line.from = now;
  }
  line.seeded = true;
  line.to = now;
  line.energy = energy;
  line.own = own_now;
  line.all = all_now;
  line.load = load_now;
}

ShareLedger::Point ShareLedger::point(std::size_t p, Instant at) const {
  const Line& line = lines_[p];
  Point out{line.sums, 0.0};
  const double length = seconds(line.to - line.from);
  if (length <= 0.0) return out;
  const double u = seconds(at - line.from) / length;
  Sums whole{};
  for (std::size_t i = 0; i < items; ++i) {
    whole[i] = line.sums[i] - line.before[i];
    out.sums[i] = line.before[i] + u * whole[i];
  }
  if (u <= 0.0 || u >= 1.0 || whole[all_j] <= 0.0) return out;
  // How much of the consumer's part lies before the edge is known only within these bounds.
  const double f = std::clamp(whole[own_j] / whole[all_j], 0.0, 1.0);
  const double range = whole[all_j] * (std::min(f, u) - std::max(0.0, f + u - 1.0));
  out.variance = range * range / 12.0;
  return out;
}

void ShareLedger::resolve(Edge& edge) const {
  for (std::size_t p = 0; p < lines_.size(); ++p) {
    const Line& line = lines_[p];
    if (!edge.points[p] && line.seeded && line.to >= edge.at && line.to > line.from) edge.points[p] = point(p, edge.at);
  }
}

std::optional<ShareLedger::Point> ShareLedger::point(const Edge& edge, std::size_t p) const {
  if (edge.points[p]) return edge.points[p];
  const Line& line = lines_[p];
  if (!line.seeded || line.to <= line.from) return std::nullopt;
  return point(p, edge.at);
}

void ShareLedger::enter(std::uint64_t region, Instant at) {
  if (!wanted()) return;
  Edges edges{{at, std::vector<std::optional<Point>>(lines_.size())}, std::nullopt};
  resolve(edges.in);
  edges_.insert_or_assign(region, std::move(edges));
}

void ShareLedger::begin(std::uint64_t region, Instant at) {
  const auto found = edges_.find(region);
  if (found == edges_.end()) return;
  found->second.in.at = at;
  resolve(found->second.in);
}

void ShareLedger::exit(std::uint64_t region, Instant at) {
  const auto found = edges_.find(region);
  if (found == edges_.end()) return;
  found->second.out = Edge{at, std::vector<std::optional<Point>>(lines_.size())};
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): it is set wherever this is reached, which the check cannot see
  resolve(*found->second.out);
}

void ShareLedger::divide(std::size_t p, const ChannelResult& part, const Point& in, const Point& out,
                         Share& share) const {
  const SharePair& pair = settings_.pairs[p];
  Sums d{};
  for (std::size_t i = 0; i < items; ++i) d[i] = out.sums[i] - in.sums[i];
  // The sums are of whole intervals' energy, the region's was read at its edges: its own is what is divided.
  const double region_j = std::max(part.value, 0.0);
  const double scale = d[all_j] > 0.0 ? region_j / d[all_j] : 0.0;
  const double idle_part = settings_.policy == IdlePolicy::allocated_cores ? d[cores_s] / d[all_s]
                           : settings_.policy == IdlePolicy::equal         ? d[equal_s] / d[all_s]
                                                                           : kUnknown;
  const Claim claims[] = {{d[own_j] * scale, d[own_s], idle_part},
                          {d[others_j] * scale, d[others_s], std::isfinite(idle_part) ? 1.0 - idle_part : kUnknown}};
  Stretch stretch{region_j, d[vacant_j] * scale, d[unknown_j] * scale, lines_[p].idle.watts(), claims};
  if (scale == 0.0) stretch.unknown_j = region_j;
  const Split parts = split(stretch, settings_.policy);
  DeviceShare device{part.channel, parts.portions[0].total_j, parts.portions[0].idle_j, parts.portions[1].total_j,
                     parts.idle_j, parts.unattributed_j};
  const std::string& id = channels_[pair.energy].id;
  if (parts.idle_unknown) share.reasons.push_back(id + ": its idle power is not known, as its load has not varied");
  if (parts.policy_unknown)
    share.reasons.push_back(id + ": what \"" + share.policy + "\" divides idle energy by is not known; it is nobody's");
  if (!parts.idle_unknown && d[unknown_j] <= 0.0 && scale == 0.0 && region_j > 0.0)
    share.reasons.push_back(id + ": no use was read while its energy was used");
  add(share.unattributed, device.unattributed_j);
  share.devices.push_back(device);
  const bool known = !parts.idle_unknown && device.unattributed_j < region_j;
  if (!known && region_j > 0.0) return;
  add(share.share, device.share_j);
  add(share.others, device.others_j);
  add(share.machine_idle, device.machine_idle_j);
  const double divided = d[own_j] + d[others_j];
  const double f = divided > 0.0 ? std::clamp(d[own_j] / divided, 0.0, 1.0) : 0.0;
  // The consumer's time and everybody's are both counted in ticks: none seen is less than a tick, not none used.
  const double divided_j = device.share_j + device.others_j;
  const double ticks = d[all_use] > 0.0
                           ? std::hypot(device.share_j, divided_j) * (1.0 - f) * kTickS / (std::sqrt(6.0) * d[all_use])
                           : 0.0;
  const double own_part = region_j > 0.0 ? device.share_j / region_j : 0.0;
  const double variance = (in.variance + out.variance) * scale * scale + ticks * ticks;
  const double half = std::hypot(kNormal95 * std::sqrt(variance), own_part * part.half_width);
  share.half_width = share.half_width.is_missing() ? Joules{half} : Joules{std::hypot(share.half_width.value(), half)};
  add(share.bias, own_part * part.bias + pair.bias * device.share_j * (1.0 - f));
}

std::optional<Share> ShareLedger::share(const RegionResult& result) const {
  if (!wanted()) return std::nullopt;
  Share share;
  share.scope = settings_.scope;
  share.policy = to_string(settings_.policy);
  share.whose = settings_.whose;
  share.reasons = settings_.reasons;
  const auto edges = edges_.find(result.region);
  for (const ChannelResult& part : result.channels) {
    const Channel& c = channels_[part.channel];
    if (c.device != "cpu" && part.quality != Quality::missing) {  // "cpu" is the sum over packages
      if (c.quantity == "own_cpu_time") share.cpu_s = (std::isnan(share.cpu_s) ? 0.0 : share.cpu_s) + part.value;
      if (c.quantity == "all_cpu_time")
        share.all_cpu_s = (std::isnan(share.all_cpu_s) ? 0.0 : share.all_cpu_s) + part.value;
    }
    const bool energy = measures_energy(c);
    if (part.role != Role::in_total || !energy || part.quality == Quality::missing) continue;
    const auto pair = std::ranges::find(settings_.pairs, part.channel, &SharePair::energy);
    const auto p = static_cast<std::size_t>(pair - settings_.pairs.begin());
    std::optional<Point> in, out;
    if (pair != settings_.pairs.end() && edges != edges_.end()) {
      in = point(edges->second.in, p);
      // NOLINTNEXTLINE(bugprone-unchecked-optional-access): it is set wherever this is reached, which the check cannot see
      out = edges->second.out ? point(*edges->second.out, p)
                              : point(Edge{result.stop, std::vector<std::optional<Point>>(lines_.size())}, p);
    }
    if (!in || !out) {
      if (pair != settings_.pairs.end()) share.reasons.push_back(c.id + ": use was not read twice yet");
      share.devices.push_back({part.channel, 0.0, kUnknown, 0.0, 0.0, std::max(part.value, 0.0)});
      add(share.unattributed, std::max(part.value, 0.0));
      continue;
    }
    divide(p, part, *in, *out, share);
  }
  for (const DeviceShare& device : share.devices) {
    if (device.share_j <= 0.0) continue;
    share.idle = share.idle.is_missing() ? Joules{device.idle_j} : share.idle + Joules{device.idle_j};
    if (std::isnan(device.idle_j)) {  // what is not known of one device is not known of the sum
      share.idle = Joules::missing();
      break;
    }
  }
  // Dividing by use is a model of who caused the energy, whatever the sensors' quality.
  if (!share.share.is_missing()) share.quality = worst(Quality::estimated, result.energy.quality());
  return share;
}

}  // namespace impact
