// RAPL through powercap: /sys/class/powercap/intel-rapl:*/energy_uj
//
// Measures   Energy of CPU packages, their cores and graphics, DRAM, and the platform (psys). Intel since Sandy Bridge,
//            AMD since Zen (package only). AMD's and pre-Haswell Intel's are models of the chip, marked modelled.
// Needs      Read permission on energy_uj: root only since Linux 5.10, unless a udev rule says otherwise. Containers
//            hide /sys/devices/virtual/powercap; virtual machines have none.
// Channels   rapl/package-K, rapl/core-K, rapl/uncore-K, rapl/dram-K, rapl/psys in J, count = microjoules. Zones are
//            known by their name, never by their index: psys may be intel-rapl:1, dram may be :0:0, :0:1 or :0:2.
// Resolution Hardware unit 15.3 or 61 uJ (psys of some servers 1 J), renewed about every 1 ms; wraps at
//            max_energy_range_uj (262 kJ: 25 min at 170 W; AMD 65 kJ: 2.7 min at 400 W), a few uJ short of the true
//            modulus by the kernel's own rounding. One pread a counter; the kernel may interrupt a CPU of the package.
// Known faults
//   - intel-rapl-mmio repeats package-0 and its parts: the zone of the same name under intel-rapl wins.
//   - One zone a die over one counter a package (AMD under older kernels, some multi-die Intel): zones of one package
//     that stay equal while they move are one counter, kept once, as the package. Different packages never are.
//   - AMD's "core" zone is one core's counter, not the package's cores: left out.
//   - A package counter that stays 0 is masked (hypervisor, firmware): refused, not reported as 0 J. psys likewise.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <thread>

#include "impact/host/file.hpp"
#include "impact/sources/rapl.hpp"
#include "impact/sources/source.hpp"

namespace impact {
namespace {

using std::filesystem::path;

struct Zone {
  path directory;
  bool mmio = false;
  rapl::Part part = rapl::Part::package;
  rapl::Place place;
  Descriptor counter;
  std::uint64_t range = 0;
  Watts limit{0};
};

struct Found {
  std::vector<Zone> zones;
  std::vector<std::string> forbidden;  // lists counters that are there and closed to us
  std::vector<Channel> closed;         // describes them
  bool hidden = false;                 // says that a container masks the files of directories that are there
};

std::optional<std::uint64_t> number_in(const path& file) {
  const Result<std::string> text = read_text(file, 64);
  return text ? parse_number<std::uint64_t>(text.value()) : std::nullopt;
}

Watts largest_limit(const path& directory) {
  std::uint64_t largest = 0;
  for (int i = 0; i < 3; ++i) {
    for (const char* what : {"max_power_uw", "power_limit_uw"}) {
      const auto value = number_in(directory / fmt::format("constraint_{}_{}", i, what));
      largest = std::max(largest, value.value_or(0));
    }
  }
  return Watts{static_cast<double>(largest) * 1e-6};
}

// The subzones lie flat in /sys/class/powercap and again inside their parent; either is enough.
std::vector<path> children_of(const path& zone, const std::vector<path>& flat) {
  const std::string prefix = zone.filename().string() + ":";
  std::vector<path> children;
  for (const path& other : flat) {
    if (other.filename().string().starts_with(prefix)) children.push_back(other);
  }
  if (!children.empty()) return children;
  for (const std::string& name : list_directory(zone)) {
    if (name.starts_with(prefix)) children.push_back(zone / name);
  }
  return children;
}

void add_zone(Found& found, const path& directory, rapl::Part part, const rapl::Place& place, const CpuInfo& cpu) {
  Result<Descriptor> counter = open_for_reading(directory / "energy_uj");
  if (!counter) {
    if (counter.error().kind != ErrorKind::forbidden) return;
    found.forbidden.push_back((directory / "energy_uj").string());
    found.closed.push_back(rapl::channel(part, place, "rapl_powercap", cpu, largest_limit(directory)));
    return;
  }
  Zone zone;
  zone.directory = directory;
  zone.mmio = directory.filename().string().starts_with("intel-rapl-mmio");
  zone.part = part;
  zone.place = place;
  zone.counter = std::move(counter).value();
  zone.range = number_in(directory / "max_energy_range_uj").value_or(0);
  zone.limit = largest_limit(directory);
  found.zones.push_back(std::move(zone));
}

void add_tree(Found& found, const path& top, const std::vector<path>& flat, const CpuInfo& cpu) {
  const Result<std::string> name = read_text(top / "name", 64);
  if (!name) {
    found.hidden = true;
    return;
  }
  if (name.value() == "psys") return add_zone(found, top, rapl::Part::psys, {}, cpu);
  const auto place = rapl::parse_package_name(name.value());
  if (!place) return;
  add_zone(found, top, rapl::Part::package, *place, cpu);
  for (const path& child : children_of(top, flat)) {
    const Result<std::string> child_name = read_text(child / "name", 64);
    const auto part = child_name ? rapl::parse_part_name(child_name.value()) : std::nullopt;
    if (part && !(cpu.vendor == Vendor::amd && *part == rapl::Part::core)) add_zone(found, child, *part, *place, cpu);
  }
}

Found find_zones(const Host& host, const CpuInfo& cpu) {
  const path root = host.path("/sys/class/powercap");
  std::vector<path> flat;
  for (const std::string& name : list_directory(root)) {
    if (name.starts_with("intel-rapl") && name.find(':') != std::string::npos) flat.push_back(root / name);
  }
  // A tree may show its zones only inside the control type, as /sys/devices/virtual/powercap does.
  for (const char* type : {"intel-rapl", "intel-rapl-mmio"}) {
    if (!flat.empty()) break;
    for (const std::string& name : list_directory(root / type)) {
      if (name.starts_with(std::string(type) + ":")) flat.push_back(root / type / name);
    }
  }
  Found found;
  for (const path& directory : flat) {
    if (std::ranges::count(directory.filename().string(), ':') == 1) add_tree(found, directory, flat, cpu);
  }
  return found;
}

bool same_counter_name(const Zone& a, const Zone& b) { return a.part == b.part && a.place == b.place; }

void drop_mmio_mirrors(std::vector<Zone>& zones) {
  std::vector<Zone> kept;
  for (const bool mmio : {false, true}) {
    for (Zone& zone : zones) {
      if (zone.mmio != mmio || !zone.counter.valid()) continue;
      const bool known = mmio && std::ranges::any_of(kept, [&](const Zone& k) { return same_counter_name(k, zone); });
      if (!known) kept.push_back(std::move(zone));
    }
  }
  zones = std::move(kept);
}

constexpr std::chrono::microseconds kPause{200};
constexpr int kPatience = 100;  // so many pauses make twenty update periods

// Tells whether the counter shows anything but 0 within the patience; it does not wait where it already does.
bool ever_moves_from_zero(const Descriptor& counter) {
  for (int i = 0; i < kPatience; ++i) {
    const auto value = read_count(counter);
    if (!value || *value != 0) return true;
    std::this_thread::sleep_for(kPause);
  }
  return false;
}

enum class Likeness { different, same, unmoved };

// Tells whether two files are one counter: each value of b lies between those of a read before and after it, over three
// moves. Counters of their own fail the first look. Where nothing moves, that two stand equal proves nothing.
Likeness compare(const Descriptor& a, const Descriptor& b) {
  std::optional<std::uint64_t> last;
  for (int i = 0, moves = 0; i < kPatience; ++i) {
    const auto low = read_count(a), middle = read_count(b), high = read_count(a);
    if (!low || !middle || !high) return Likeness::different;
    const bool wrapped = *high < *low;
    if (!wrapped && (*middle < *low || *middle > *high)) return Likeness::different;
    if (last && *low != *last && ++moves == 3) return Likeness::same;
    last = low;
    std::this_thread::sleep_for(kPause);
  }
  return Likeness::unmoved;
}

// Zones of dies that repeat their package's one counter become the package's single zone. AMD's register is the
// package's by design, so that there equal values suffice.
void merge_mirrored_dies(std::vector<Zone>& zones, const CpuInfo& cpu) {
  const auto mirrors = [&](const Zone& a, const Zone& b) {
    if (a.part != b.part || a.place.package != b.place.package || a.range != b.range) return false;
    const Likeness likeness = compare(a.counter, b.counter);
    return likeness == Likeness::same || (likeness == Likeness::unmoved && cpu.vendor == Vendor::amd);
  };
  for (std::size_t i = 0; i < zones.size(); ++i) {
    if (!zones[i].place.die) continue;
    const auto rest = zones.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    const auto kept = std::remove_if(rest, zones.end(), [&](const Zone& other) { return mirrors(zones[i], other); });
    if (kept != zones.end()) zones[i].place.die.reset();
    zones.erase(kept, zones.end());
  }
}

// The files of the packages among those.
std::vector<std::string> drop_masked(std::vector<Zone>& zones) {
  std::vector<std::string> masked;
  std::erase_if(zones, [&](const Zone& zone) {
    const bool always_draws = zone.part == rapl::Part::package || zone.part == rapl::Part::psys;
    if (!always_draws || ever_moves_from_zero(zone.counter)) return false;
    if (zone.part == rapl::Part::package) masked.push_back((zone.directory / "energy_uj").string());
    return true;
  });
  return masked;
}

Error forbidden(const std::vector<std::string>& files) {
  return {
      ErrorKind::forbidden,
      fmt::format("{}: only root may read it (Linux 5.10 and later close RAPL's counters)", files.front()),
      "until the next boot: sudo chmod o+r /sys/class/powercap/intel-rapl*/energy_uj "
      "/sys/class/powercap/intel-rapl*/intel-rapl*/energy_uj\n"
      "for good: echo 'SUBSYSTEM==\"powercap\", ACTION==\"add\", RUN+=\"/bin/chmod o+r /sys%p/energy_uj\"' | sudo tee "
      "/etc/udev/rules.d/70-impact-tracker.rules && sudo udevadm control --reload && "
      "sudo udevadm trigger --action=add --subsystem-match=powercap\n"
      "or open perf events instead: sudo sysctl kernel.perf_event_paranoid=0, or give the interpreter CAP_PERFMON\n"
      "or " +
          std::string(kServiceRemedy)};
}

// Beside counters that can be read.
Error why_not_all(const Found& found, const std::vector<std::string>& masked) {
  if (!found.forbidden.empty()) return forbidden(found.forbidden);
  if (masked.empty()) return {};
  return {ErrorKind::broken, masked.front() + ": stays 0; the hypervisor or the firmware masks it", ""};
}

Error why_nothing(const Host& host, const Found& found, const CpuInfo& cpu, bool masked) {
  const std::string root = host.path("/sys/class/powercap").string();
  if (!found.forbidden.empty()) return forbidden(found.forbidden);
  if (masked) {
    return {ErrorKind::broken, root + ": the package's energy counter stays 0; the hypervisor or the firmware masks it",
            ""};
  }
  if (found.hidden) {
    return {ErrorKind::forbidden, root + ": zones are listed but hidden; container runtimes mask them",
            "start the container with --security-opt systempaths=unconfined, or mount them: "
            "-v /sys/devices/virtual/powercap:/sys/devices/virtual/powercap:ro"};
  }
  if (cpu.hypervisor) {
    return {ErrorKind::absent, root + ": no RAPL zones; this is a virtual machine, whose host keeps its counters", ""};
  }
  const bool x86 = cpu.vendor != Vendor::arm;
  return {ErrorKind::absent, root + ": no RAPL zones", x86 ? "sudo modprobe intel_rapl_msr" : ""};
}

class RaplPowercap final : public Source {
 public:
  RaplPowercap(const Host& host, std::vector<Zone> zones, const CpuInfo& cpu, Error left_out)
      : clock_(host.clock), left_out_(std::move(left_out)) {
    for (Zone& zone : zones) {
      Channel channel = rapl::channel(zone.part, zone.place, "rapl_powercap", cpu, zone.limit);
      channel.scale = 1e-6;
      channel.range = zone.range;
      counters_.push_back(
          {std::move(zone.counter), channel.range == 0 ? ~std::uint64_t{0} : channel.range, channel.quality});
      channels_.push_back(std::move(channel));
    }
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  Error left_out() const override { return left_out_; }

  void read(Sink& out) noexcept override {
    Instant before = clock_->now();
    for (std::uint32_t i = 0; i < counters_.size(); ++i) {
      const Counter& counter = counters_[i];
      const std::optional<std::uint64_t> value = read_count(counter.file);
      const Instant after = clock_->now();
      if (value && *value <= counter.most) {
        out.put({i, counter.quality, static_cast<std::int64_t>(*value), before, after});
      } else {
        out.missing(i, before, after);
      }
      before = after;
    }
  }

 private:
  struct Counter {  // holds all that a reading needs of a channel side by side, as caches are cold at each tick
    Descriptor file;
    std::uint64_t most;
    Quality quality;
  };

  const Clock* clock_;
  std::vector<Channel> channels_;
  std::vector<Counter> counters_;
  Error left_out_;
};

}  // namespace

std::vector<Channel> rapl::closed_counters(const Host& host) {
  std::vector<Channel> counters;
  for (Channel& closed : find_zones(host, read_cpu_info(host)).closed) {
    if (std::ranges::find(counters, closed.id, &Channel::id) == counters.end()) counters.push_back(std::move(closed));
  }
  return counters;
}

OpenedSource open_rapl_powercap(const Host& host) {
  const CpuInfo cpu = read_cpu_info(host);
  Found found = find_zones(host, cpu);
  drop_mmio_mirrors(found.zones);
  merge_mirrored_dies(found.zones, cpu);
  const bool any = !found.zones.empty();
  const std::vector<std::string> masked = drop_masked(found.zones);
  if (found.zones.empty()) return why_nothing(host, found, cpu, any);
  Error left_out = why_not_all(found, masked);
  return OpenedSource{std::make_unique<RaplPowercap>(host, std::move(found.zones), cpu, std::move(left_out))};
}

}  // namespace impact
