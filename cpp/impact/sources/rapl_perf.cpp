// RAPL through perf events: the kernel's "power" PMU
//
// Measures   Energy of CPU packages, their cores and graphics, DRAM, and the platform (psys). Intel since Sandy Bridge,
//            AMD since Zen (package only). AMD's and pre-Haswell Intel's are models of the chip, marked modelled.
// Needs      /sys/bus/event_source/devices/power; kernel.perf_event_paranoid of 0 or less, or CAP_PERFMON. Containers
//            filter perf_event_open, virtual machines as a rule have no such PMU, or one whose counters stand still.
// Channels   rapl/package-K, rapl/core-K, rapl/uncore-K, rapl/dram-K, rapl/psys in J; J per count from sysfs (2^-32).
// Resolution Hardware unit 15.3 or 61 uJ (psys of some servers 1 J), renewed about every 1 ms. The kernel widens the
//            register to 64 bits: no wrap in 99 days at 500 W. One read a package for all its events; from a CPU of
//            another package it costs an interrupt there.
// Known faults
//   - Counts start at 0 when the event is opened: only differences mean anything.
//   - The kernel's own timer keeps up with the register to some 400 W a package when nobody reads (164 s at 15.3 uJ, 655 s
//     at 61 uJ): it is read every 25 s at least.
//   - The CPU list names one CPU a die on Intel, one a package on AMD; older kernels name one a die on AMD too, whose
//     counter is the package's: one CPU a package is kept there. A CPU's place comes from its topology, never from
//     its position in the list. Dies of one package that move as one are one counter: they are kept once.
//   - psys reads 0 on many boards, and every counter under some hypervisors: what does not move is left out or refused.

#include "impact/sources/rapl_perf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "impact/sources/rapl.hpp"

namespace impact {
namespace {

struct Event {
  rapl::Part part = rapl::Part::package;
  std::uint64_t config = 0;
  double scale = 0;
};

// A register of 15.3 uJ a count wraps in 65 s at 1 kW; the kernel's own look every 164 s would miss that.
constexpr Duration kLongestPause = std::chrono::seconds{25};

struct Seat {  // says where one group is opened
  unsigned cpu = 0;
  rapl::Place place;
};

struct Meter {
  PerfGroup group;
  rapl::Place place;
};

std::filesystem::path pmu(const Host& host) { return host.path("/sys/bus/event_source/devices/power"); }

// Reads the 2 of "event=0x02".
std::optional<std::uint64_t> parse_config(std::string_view text) {
  constexpr std::string_view kPrefix = "event=0x";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Event> read_event(const Host& host, rapl::Part part, const std::string& name) {
  const auto directory = pmu(host) / "events";
  const Result<std::string> text = read_text(directory / name, 256);
  const Result<std::string> scale = read_text(directory / (name + ".scale"), 256);
  const Result<std::string> unit = read_text(directory / (name + ".unit"), 256);
  if (!text || !scale || !unit || unit.value() != "Joules") return std::nullopt;
  const auto config = parse_config(text.value());
  const auto factor = parse_number<double>(scale.value());
  if (!config || !factor || !(*factor > 0) || *factor > 1) return std::nullopt;
  return Event{part, *config, *factor};
}

std::vector<Event> read_events(const Host& host) {
  constexpr std::array<std::pair<rapl::Part, const char*>, 5> kNames{{{rapl::Part::package, "energy-pkg"},
                                                                      {rapl::Part::core, "energy-cores"},
                                                                      {rapl::Part::dram, "energy-ram"},
                                                                      {rapl::Part::uncore, "energy-gpu"},
                                                                      {rapl::Part::psys, "energy-psys"}}};
  std::vector<Event> events;
  for (const auto& [part, name] : kNames) {
    if (const auto event = read_event(host, part, name)) events.push_back(*event);
  }
  return events;
}

std::vector<Seat> read_seats(const Host& host, const CpuInfo& cpu) {
  const Result<std::string> mask = read_text(pmu(host) / "cpumask");
  const auto cpus = mask ? parse_cpu_list(mask.value()) : std::nullopt;
  std::vector<Seat> seats;
  if (!cpus) return seats;
  const std::vector<CpuPlace> topology = read_topology(host);
  std::vector<CpuPlace> named;
  for (const unsigned number : *cpus) {
    const auto it = std::ranges::find(topology, number, &CpuPlace::cpu);
    named.push_back(it != topology.end() ? *it : CpuPlace{number, 0, 0});
  }
  const bool by_die = cpu.vendor != Vendor::amd && is_multi_die(named);
  for (const CpuPlace& place : named) {
    const rapl::Place here{place.package, by_die ? std::optional{place.die} : std::nullopt};
    const bool taken = std::ranges::any_of(seats, [&](const Seat& s) { return s.place == here; });
    if (!taken) seats.push_back({place.cpu, here});
  }
  return seats;
}

// Tells whether event `index` counts anything within twenty update periods.
bool moves(const PerfGroup& group, std::size_t events, std::size_t index) {
  std::array<std::uint64_t, PerfGroup::kMostEvents> values{};
  for (int i = 0; i < 100; ++i) {
    if (!group.read(std::span{values}.first(events))) return false;
    if (values[index] != 0) return true;
    std::this_thread::sleep_for(std::chrono::microseconds{200});
  }
  return false;
}

std::optional<std::uint64_t> first_event(const PerfGroup& group, std::size_t events) {
  std::array<std::uint64_t, PerfGroup::kMostEvents> values{};
  if (!group.read(std::span{values}.first(events))) return std::nullopt;
  return values.front();
}

// Dies that repeat their package's one counter become the package's single meter.
void merge_mirrored_dies(std::vector<Meter>& meters, std::size_t events) {
  for (std::size_t i = 0; i < meters.size(); ++i) {
    if (!meters[i].place.die) continue;
    const Meter& first = meters[i];
    const auto repeats = [&](const Meter& other) {
      return other.place.package == first.place.package &&
             rapl::is_one_counter([&] { return first_event(first.group, events); },
                                  [&] { return first_event(other.group, events); });
    };
    const auto rest = meters.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    const auto gone = std::remove_if(rest, meters.end(), repeats);
    if (gone == meters.end()) continue;
    meters.erase(gone, meters.end());
    meters[i].place.die.reset();
  }
}

class RaplPerf final : public Source {
 public:
  RaplPerf(const Host& host, std::vector<Meter> meters, const std::vector<Event>& events, const CpuInfo& cpu,
           bool psys_moves)
      : clock_(host.clock), meters_(std::move(meters)), events_(events.size()) {
    for (const Meter& meter : meters_) {
      for (const Event& event : events) {
        // psys belongs to the board, not to each package that the PMU is opened on.
        const bool used = event.part != rapl::Part::psys || (psys_moves && &meter == &meters_.front());
        index_.push_back(used ? static_cast<std::uint32_t>(channels_.size()) : kUnused);
        if (!used) continue;
        Channel channel =
            rapl::channel(event.part, event.part == rapl::Part::psys ? rapl::Place{} : meter.place, "rapl_perf", cpu);
        channel.scale = event.scale;
        channel.own_zero = true;
        channel.longest_pause = kLongestPause;
        channels_.push_back(std::move(channel));
      }
    }
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    std::array<std::uint64_t, PerfGroup::kMostEvents> values{};
    Instant before = clock_->now();
    const std::uint32_t* index = index_.data();
    for (const Meter& meter : meters_) {
      const bool ok = meter.group.read(std::span{values}.first(events_));
      const Instant after = clock_->now();
      for (std::size_t k = 0; k < events_; ++k, ++index) {
        if (*index == kUnused) continue;
        if (ok)
          out.put({*index, channels_[*index].quality, static_cast<std::int64_t>(values[k]), before, after});
        else
          out.missing(*index, before, after);
      }
      before = after;
    }
  }

 private:
  static constexpr std::uint32_t kUnused = ~std::uint32_t{0};
  const Clock* clock_;
  std::vector<Meter> meters_;
  std::size_t events_;
  std::vector<Channel> channels_;
  std::vector<std::uint32_t> index_;  // has meter i's event k at i x events + k
};

Error explain(const Host& host, Error error) {
  if (error.kind != ErrorKind::forbidden) return error;
  const Result<std::string> text = read_text(host.path("/proc/sys/kernel/perf_event_paranoid"), 64);
  const auto level = text ? parse_number<int>(text.value()) : std::nullopt;
  if (level && *level <= 0) {
    error.what += "; kernel.perf_event_paranoid would allow it, so a container or a service filters the call";
    error.advice = "start the container with --cap-add PERFMON and a seccomp profile that allows perf_event_open";
    return error;
  }
  error.what += fmt::format("; kernel.perf_event_paranoid is {}", level ? fmt::format("{}", *level) : "not readable");
  error.advice =
      "until the next boot: sudo sysctl kernel.perf_event_paranoid=0\n"
      "for good: echo kernel.perf_event_paranoid=0 | sudo tee /etc/sysctl.d/70-impact-tracker.conf && sudo sysctl "
      "--system\n"
      "or for this interpreter alone: sudo setcap cap_perfmon=ep \"$(readlink -f \"$(command -v python3)\")\"";
  return error;
}

Error no_package_event(const Host& host, const CpuInfo& cpu) {
  return {ErrorKind::unsupported,
          fmt::format("{}: it has no energy-pkg event{}", pmu(host).string(),
                      cpu.hypervisor ? "; this is a virtual machine, whose host keeps its counters" : ""),
          ""};
}

}  // namespace

OpenedSource open_rapl_perf_with(const Host& host, const PerfOpener& open_group) {
  const Result<std::string> type_text = read_text(pmu(host) / "type", 64);
  const CpuInfo cpu = read_cpu_info(host);
  if (!type_text) {
    const bool x86 = cpu.vendor != Vendor::arm;
    return Error{ErrorKind::absent, type_text.error().what,
                 x86 ? "sudo modprobe rapl (kernel module of the power PMU)" : ""};
  }
  const auto type = parse_number<std::uint32_t>(type_text.value());
  const std::vector<Event> events = read_events(host);
  const std::vector<Seat> seats = read_seats(host, cpu);
  if (!type || seats.empty())
    return Error{ErrorKind::broken, pmu(host).string() + ": its type or cpumask is not a number", ""};
  if (events.empty() || events.front().part != rapl::Part::package) return no_package_event(host, cpu);
  std::vector<std::uint64_t> configs;
  configs.reserve(events.size());
  for (const Event& event : events) configs.push_back(event.config);
  std::vector<Meter> meters;
  for (const Seat& seat : seats) {
    Result<PerfGroup> group = open_group(*type, configs, seat.cpu);
    if (!group) return explain(host, group.error());
    meters.push_back({std::move(group).value(), seat.place});
  }
  if (cpu.hypervisor && !moves(meters.front().group, events.size(), 0)) {
    return Error{ErrorKind::broken,
                 pmu(host).string() + ": the package's counter stands still; the hypervisor masks it", ""};
  }
  merge_mirrored_dies(meters, events.size());
  const bool has_psys = events.back().part == rapl::Part::psys;
  const bool psys_moves = has_psys && moves(meters.front().group, events.size(), events.size() - 1);
  return OpenedSource{std::make_unique<RaplPerf>(host, std::move(meters), events, cpu, psys_moves)};
}

OpenedSource open_rapl_perf(const Host& host) {
  if (!host.is_real())
    return Error{ErrorKind::absent, "perf events belong to the running kernel, not to a tree of files", ""};
  return open_rapl_perf_with(host, PerfGroup::open);
}

}  // namespace impact
