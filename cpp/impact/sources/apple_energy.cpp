// Energy of Apple silicon by the processor's own model, through IOReport
//
// Measures   What the chip's power controller estimates that its processors, its GPU, its neural engine and the memory
//            used, by the channels of the group "Energy Model". Never met on real hardware: only a fake of the
//            functions.
// Needs      macOS on Apple silicon; no root. libIOReport and CoreFoundation are loaded at run time (a library that has
//            the functions of both by IMPACT_TRACKER_IOREPORT).
// Channels   apple/<name>/energy in J, count = 1 mJ, uJ or nJ as the channel's unit label says: "CPU Energy" (of a chip
//            of two dies "DIE_0_CPU Energy"), "GPU Energy", "ANE…" (neural engine), "DRAM…". All others are parts of
//            these or of what is no computer (display, camera), and are not read.
// Resolution Not stated by Apple; a value is taken to be up to 10 ms old. A sample of all channels takes about a
//            millisecond: a source with a thread of its own.
// Known faults
//   - The values are estimates, by Apple's own words (powermetrics(1)) not to be compared between devices. No figure is
//     published: a fifth is this project's allowance.
//   - The fabric, the caches that all share, the storage and the display are in no channel: the machine uses more.
//   - A channel that goes backwards (the controller began anew) or that is missing for a while starts anew: the time
//     between is a gap. One whose unit label is unknown is not read.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

#include "impact/host/file.hpp"
#include "impact/sources/io_report.hpp"
#include "impact/sources/settings.hpp"
#include "impact/sources/source.hpp"

namespace impact {
namespace {

constexpr SourceSetting kLibrary{"ioreport", "Apple's IOReport and CoreFoundation, in place of the system's",
                                 SettingKind::path};
constexpr std::array kSettings{kLibrary};

// Counts begin here and fall by kRestart whenever a channel begins anew, far below all that was told before: whoever
// takes differences sees that nothing is known of the step. kRestart counts are a megajoule even in nJ.
constexpr std::int64_t kFirstCount = std::int64_t{1} << 62U;
constexpr std::int64_t kRestart = std::int64_t{1} << 50U;

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<double> joules_of(std::string_view unit) noexcept {
  unit = trimmed(unit);
  if (unit == "mJ") return 1e-3;
  if (unit == "uJ" || unit == "µJ" || unit == "μJ") return 1e-6;  // the micro sign, and the Greek letter
  if (unit == "nJ") return 1e-9;
  if (unit == "pJ") return 1e-12;
  if (unit == "J") return 1.0;
  return std::nullopt;
}

struct Place {
  Domain domain;
  std::string device;
};

// Returns nullopt for what is a part of another channel, or no part of the computer.
std::optional<Place> place_of(std::string_view name) {
  unsigned die = 0;
  constexpr std::string_view kDie = "DIE_";
  if (name.starts_with(kDie)) {
    const std::string_view rest = name.substr(kDie.size());
    const std::size_t end = rest.find('_');
    const auto number = parse_number<unsigned>(rest.substr(0, end));
    if (!number || end == std::string_view::npos) return std::nullopt;
    die = *number;
    name = rest.substr(end + 1);
  }
  const std::string processor = fmt::format("cpu:{}", die);
  if (name == "CPU Energy") return Place{Domain::core, processor};
  if (name == "GPU Energy") return Place{Domain::igpu, processor};
  const auto is_numbered = [&](std::string_view kind) {
    return name.starts_with(kind) && name.find_first_not_of("0123456789_", kind.size()) == std::string_view::npos;
  };
  if (is_numbered("ANE")) return Place{Domain::uncore, processor};
  if (is_numbered("DRAM")) return Place{Domain::dram, "memory"};
  return std::nullopt;
}

Channel channel(std::string_view name, std::size_t nth, Place place, double joules) {
  std::string word(name);
  std::ranges::replace(word, ' ', '-');
  if (nth > 0) word += fmt::format("-{}", nth + 1);
  Channel c;
  c.id = fmt::format("apple/{}/energy", word);
  c.source = "apple_energy";
  c.device = std::move(place.device);
  c.domain = place.domain;
  c.scale = joules;
  c.update_period = std::chrono::milliseconds{10};
  c.latency = std::chrono::milliseconds{5};
  c.max_power = Watts{1'000.0};
  c.own_zero = true;
  c.quality = Quality::modelled;
  c.relative_error = 0.20;
  return c;
}

// Is one channel between two samples.
struct Meter {
  std::string name;
  std::size_t nth = 0;  // of the channels of that name
  std::int64_t count = kFirstCount;
  std::int64_t base = kFirstCount;
  bool is_lost = false;  // the last sample did not have it
  bool is_seen = false;  // this one has it
  std::int64_t counted = 0;
};

class AppleEnergy final : public Source {
 public:
  AppleEnergy(const Host& host, IoReport report) : clock_(host.clock), report_(std::move(report)) {
    report_.sample([this](const IoReportChannel& seen) { add(seen); });
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  Error left_out() const override {
    if (unknown_.empty()) return {};
    return {ErrorKind::unsupported, fmt::format("no known unit of energy: {}", fmt::join(unknown_, ", ")), ""};
  }

  void read(Sink& out) noexcept override {
    for (Meter& meter : meters_) meter.is_seen = false;
    const Instant before = clock_->now();
    const bool is_sampled = report_.sample([this](const IoReportChannel& seen) { note(seen); });
    const Instant after = clock_->now();
    for (std::uint32_t i = 0; i < meters_.size(); ++i) {
      if (is_sampled) advance(meters_[i]);
      if (is_sampled && meters_[i].is_seen)
        out.put({i, Quality::modelled, meters_[i].count, before, after});
      else
        out.missing(i, before, after);
    }
  }

 private:
  void add(const IoReportChannel& seen) {
    const std::string_view name = trimmed(seen.name);
    std::optional<Place> place = place_of(name);
    if (!place) return;
    const std::optional<double> joules = joules_of(seen.unit);
    if (!joules) {
      unknown_.push_back(fmt::format("{} in \"{}\"", name, trimmed(seen.unit)));
      return;
    }
    const auto nth = static_cast<std::size_t>(std::ranges::count(meters_, name, &Meter::name));
    channels_.push_back(channel(name, nth, std::move(*place), *joules));
    meters_.push_back({std::string(name), nth});
  }

  // A channel is known by its name and its order among those of that name. One whose unit is another now is not it.
  void note(const IoReportChannel& seen) noexcept {
    const std::string_view name = trimmed(seen.name);
    for (std::size_t i = 0; i < meters_.size(); ++i) {
      Meter& meter = meters_[i];
      if (meter.is_seen || meter.name != name) continue;
      meter.is_seen = joules_of(seen.unit) == channels_[i].scale;
      meter.counted = seen.counted;
      return;
    }
  }

  static void advance(Meter& meter) noexcept {
    const bool is_continued = meter.is_seen && !meter.is_lost && meter.counted >= 0 && meter.counted < kRestart;
    if (is_continued)
      meter.count += meter.counted;
    else if (meter.is_seen && meter.base > kRestart)
      meter.count = meter.base -= kRestart;
    else
      meter.is_seen = false;  // or it has begun anew some thousand times
    meter.is_lost = !meter.is_seen;
  }

  const Clock* clock_;
  IoReport report_;
  std::vector<Meter> meters_;  // in the order of the channels
  std::vector<Channel> channels_;
  std::vector<std::string> unknown_;
};

}  // namespace

std::span<const SourceSetting> settings_of_apple_energy() noexcept { return kSettings; }

OpenedSource open_apple_energy(const Host& host, const SourceSettings& settings) {
  const std::optional<std::string> chosen = settings.given(kLibrary);
  if (!chosen && !host.is_real())
    return Error{ErrorKind::absent, "Apple's power controller belongs to the running machine, not to a tree of files",
                 ""};
  Result<IoReport> report = IoReport::open(chosen.value_or(""));
  if (!report) return Error{ErrorKind::absent, "no Apple silicon under macOS: " + report.error().what, ""};
  if (!report.value().subscribe("Energy Model"))
    return Error{ErrorKind::absent, "IOReport has no channels of the group \"Energy Model\" here", ""};
  auto source = std::make_unique<AppleEnergy>(host, std::move(report).value());
  if (source->channels().empty()) {
    const Error left_out = source->left_out();
    return Error{ErrorKind::unsupported,
                 left_out.what.empty() ? "IOReport tells no energy of processors, GPU or memory" : left_out.what, ""};
  }
  return OpenedSource{std::move(source)};
}

}  // namespace impact
