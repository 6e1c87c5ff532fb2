// HPE Cray EX and XC: the node controller's pm_counters
//
// Measures   The node, its processors, memory and accelerators.
// Needs      /sys/cray/pm_counters; readable by everybody.
// Channels   cray/node/energy (the whole node: shown apart, as a wattmeter), cray/cpu/energy, cray/memory/energy,
//            cray/accelK/energy in J, count = joules.
// Resolution 10 Hz (raw_scan_hz), 1 J.
// Known faults
//   - The controller renews all files together; `freshness` tells when. A round that it cuts in two is read again, once.
//   - The node's energy contains its accelerators'. Accelerators have no name of their own: where their own driver is
//     read as well, its sensors win.
//   - A change of power cap or a restart bumps `generation` and may begin the counters anew: a step back is a reset.

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "impact/host/file.hpp"
#include "impact/sources/source.hpp"

namespace impact {
namespace {

// Reads "1234 J" or "1234 J 56789 us".
std::optional<std::int64_t> parse_joules(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0) return std::nullopt;
  const std::string_view rest{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  const bool joules = rest.starts_with(" J") && (rest.size() == 2 || rest[2] == ' ' || rest[2] == '\n');
  if (!joules) return std::nullopt;
  return value;
}

std::string_view read_line(const Descriptor& file, std::span<char> buffer) noexcept {
  const std::ptrdiff_t n = read_at(file, buffer);
  return {buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

std::optional<std::int64_t> read_joules(const Descriptor& file) noexcept {
  std::array<char, 96> buffer;
  return parse_joules(read_line(file, buffer));
}

struct Meter {
  Channel channel;
  Descriptor file;
};

Channel channel(const std::string& name, std::string device, Domain domain) {
  Channel c;
  c.id = fmt::format("cray/{}/energy", name);
  c.source = "cray";
  c.device = std::move(device);
  c.domain = domain;
  c.update_period = std::chrono::milliseconds{100};
  c.latency = std::chrono::microseconds{100};
  c.max_power = Watts{domain == Domain::wall ? 20'000.0 : 5'000.0};
  return c;
}

class Cray final : public Source {
 public:
  Cray(const Host& host, std::vector<Meter> meters, Descriptor freshness)
      : clock_(host.clock), freshness_(std::move(freshness)) {
    for (Meter& meter : meters) {
      channels_.push_back(std::move(meter.channel));
      files_.push_back(std::move(meter.file));
    }
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    std::array<std::optional<std::int64_t>, kMost> values;
    const Instant start = clock_->now();
    for (int attempt = 0; attempt < 2; ++attempt) {
      std::array<char, 32> first, second;
      const std::string_view fresh = read_line(freshness_, first);
      for (std::size_t i = 0; i < files_.size(); ++i) values[i] = read_joules(files_[i]);
      if (read_line(freshness_, second) == fresh) break;
    }
    const Instant stop = clock_->now();
    for (std::uint32_t i = 0; i < files_.size(); ++i) {
      if (const std::optional<std::int64_t> joules = values[i])
        out.put({i, Quality::measured, *joules, start, stop});
      else
        out.missing(i, start, stop);
    }
  }

  static constexpr std::size_t kMost = 16;

 private:
  const Clock* clock_;
  Descriptor freshness_;
  std::vector<Channel> channels_;
  std::vector<Descriptor> files_;
};

}  // namespace

OpenedSource open_cray(const Host& host) {
  const auto root = host.path("/sys/cray/pm_counters");
  Result<Descriptor> freshness = open_for_reading(root / "freshness");
  if (!freshness) return freshness.error();
  std::vector<Meter> meters;
  const auto add = [&](const std::string& file, Channel c) {
    Result<Descriptor> opened = open_for_reading(root / file);
    if (opened && read_joules(opened.value())) meters.push_back({std::move(c), std::move(opened).value()});
  };
  add("energy", channel("node", "node", Domain::wall));
  add("cpu_energy", channel("cpu", "cpu", Domain::package));
  add("memory_energy", channel("memory", "memory", Domain::dram));
  for (unsigned i = 0; i < 8; ++i) {
    const std::string name = fmt::format("accel{}", i);
    add(name + "_energy", channel(name, "gpu:" + name, Domain::gpu));
  }
  if (meters.empty()) return Error{ErrorKind::broken, root.string() + ": no counter there tells joules", ""};
  return OpenedSource{std::make_unique<Cray>(host, std::move(meters), std::move(freshness).value())};
}

}  // namespace impact
