#include "impact/sources/rapl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "impact/host/file.hpp"

namespace impact::rapl {
namespace {

constexpr std::array<std::string_view, 5> kNames{"package", "core", "uncore", "dram", "psys"};

// Above this power a step is a reset and not a wrap, so it must be out of reach, and low enough that a long gap is not
// taken for several wraps. The largest packages sold draw 500 W for long and under twice that for a moment; 32 DIMMs
// of 15 W make 500 W of memory; no node draws 20 kW. A stated limit is doubled, for peaks above it.
Watts ceiling(Part part, Watts stated) {
  const bool is_psys = part == Part::psys;
  const bool is_dram = part == Part::dram;
  const double silent = is_psys ? 20'000 : is_dram ? 500 : 1'000;
  const double least = is_psys ? 4'000 : is_dram ? 250 : 500;
  const double stated_w = stated.value();
  if (!(stated_w > 0) || stated_w > silent) return Watts{silent};
  return Watts{std::clamp(2 * stated_w, least, silent)};
}

Domain domain(Part part) {
  switch (part) {
    case Part::package: return Domain::package;
    case Part::core: return Domain::core;
    case Part::uncore: return Domain::igpu;  // PP1 is the processor graphics, whatever powercap calls it
    case Part::dram: return Domain::dram;
    case Part::psys: return Domain::psys;
  }
  return Domain::other;
}

std::string place_name(Part part, const Place& place) {
  const std::string_view name = kNames[static_cast<std::size_t>(part)];
  if (part == Part::psys && place.package == 0) return std::string(name);
  if (place.die && part != Part::psys) return fmt::format("{}-{}-die-{}", name, place.package, *place.die);
  return fmt::format("{}-{}", name, place.package);
}

std::string device(Part part, const Place& place) {
  if (part == Part::psys) return "node";
  return fmt::format("{}:{}", part == Part::dram ? "memory" : "cpu", place.package);
}

}  // namespace

Channel channel(Part part, const Place& place, std::string_view source, const CpuInfo& cpu, Watts stated) {
  Channel c;
  c.id = "rapl/" + place_name(part, place);
  c.source = source;
  c.device = device(part, place);
  c.domain = domain(part);
  c.update_period = std::chrono::milliseconds{1};
  c.tick_jitter = std::chrono::microseconds{20};
  c.max_power = ceiling(part, stated);
  // Intel states no error for its measured domains and no published figure holds for all parts: 0 means "none stated".
  // The modelled counters miss power that depends on data (Schöne et al., arXiv 2108.00808); how much is not known in
  // general: a tenth is this project's allowance.
  if (cpu.rapl_is_modelled()) {
    c.quality = Quality::modelled;
    c.relative_error = 0.10;
  }
  return c;
}

std::optional<Place> parse_package_name(std::string_view name) {
  constexpr std::string_view kPrefix = "package-";
  constexpr std::string_view kInfix = "-die-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  const std::size_t at = name.find(kInfix);
  const auto package = parse_number<unsigned>(name.substr(0, at));
  if (!package) return std::nullopt;
  if (at == std::string_view::npos) return Place{*package, std::nullopt};
  const auto die = parse_number<unsigned>(name.substr(at + kInfix.size()));
  if (!die) return std::nullopt;
  return Place{*package, die};
}

std::optional<Part> parse_part_name(std::string_view name) {
  for (const Part part : {Part::core, Part::uncore, Part::dram, Part::psys}) {
    if (kNames[static_cast<std::size_t>(part)] == name) return part;
  }
  return std::nullopt;
}

bool is_one_counter(const CounterReader& a, const CounterReader& b) {
  constexpr std::chrono::microseconds kPause{200};
  constexpr int kPatience = 100;  // so many pauses make twenty update periods
  constexpr int kMoves = 5;
  std::int64_t least = INT64_MIN, most = INT64_MAX;  // bound what b is ahead of a
  std::optional<std::uint64_t> last;
  for (int i = 0, moves = 0; i < kPatience; ++i) {
    const auto low = a(), middle = b(), high = a();
    if (!low || !middle || !high) return false;
    least = std::max(least, static_cast<std::int64_t>(*middle - *high));
    most = std::min(most, static_cast<std::int64_t>(*middle - *low));
    if (least > most) return false;
    if (last && *low != *last && ++moves == kMoves) return true;
    last = low;
    std::this_thread::sleep_for(kPause);
  }
  return false;
}

}  // namespace impact::rapl
