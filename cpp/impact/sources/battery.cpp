// The battery of a laptop, as a wattmeter of the whole
//
// Measures   What the batteries give, screen and charger electronics included: shown apart from the components' sum.
// Needs      /sys/class/power_supply/BAT*, and no mains: while a battery charges or mains feed the laptop there is no
//            reading, as the rest of the power does not pass the sensor.
// Channels   battery/power in W, count = microwatts: all discharging batteries together; power_now, else current_now
//            times voltage_now, whose current some drivers give a minus sign.
// Resolution The fuel gauge renews it every second to half a minute; the mean over an unknown time.
// Known faults
//   - A read goes through the embedded controller and takes milliseconds: a source with a thread of its own.
//   - With two batteries one rests: it counts as nothing only if it says that it is not charging.

#include <array>
#include <cmath>
#include <cstdlib>

#include "impact/sources/file_source.hpp"

namespace impact {
namespace {

struct Battery {
  Descriptor status;
  Descriptor power;    // tells microwatts; or
  Descriptor current;  // tells microamperes, and
  Descriptor voltage;  // tells microvolts
};

std::optional<Descriptor> open_file(const std::filesystem::path& file) {
  Result<Descriptor> opened = open_for_reading(file);
  if (!opened) return std::nullopt;
  return std::move(opened).value();
}

std::optional<Battery> open_one(const std::filesystem::path& directory) {
  const Result<std::string> type = read_text(directory / "type", 64);
  const Result<std::string> scope = read_text(directory / "scope", 64);
  if (!type || type.value() != "Battery" || (scope && scope.value() == "Device")) return std::nullopt;  // or a mouse's
  auto status = open_file(directory / "status");
  if (!status) return std::nullopt;
  Battery battery;
  battery.status = std::move(*status);
  if (auto power = open_file(directory / "power_now")) battery.power = std::move(*power);
  if (auto current = open_file(directory / "current_now")) battery.current = std::move(*current);
  if (auto voltage = open_file(directory / "voltage_now")) battery.voltage = std::move(*voltage);
  const bool readable = battery.power.valid() || (battery.current.valid() && battery.voltage.valid());
  if (!readable) return std::nullopt;
  return battery;
}

std::string_view word_of(const Descriptor& file, std::span<char> buffer) noexcept {
  const std::ptrdiff_t n = read_at(file, buffer);
  std::string_view text{buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  return text;
}

// Reads microwatts; returns nullopt where there are none. Fuel gauges write odd numbers: 1 kW is beyond them all.
std::optional<std::int64_t> discharge(const Battery& battery) noexcept {
  constexpr double kMost = 1e9;
  double microwatts = 0;
  if (battery.power.valid()) {
    const auto power = read_integer(battery.power);
    if (!power) return std::nullopt;
    microwatts = std::abs(static_cast<double>(*power));
  } else {
    const auto current = read_integer(battery.current), voltage = read_integer(battery.voltage);
    if (!current || !voltage || *voltage <= 0) return std::nullopt;
    microwatts = std::abs(static_cast<double>(*current)) * static_cast<double>(*voltage) * 1e-6;
  }
  if (microwatts <= 0 || microwatts > kMost) return std::nullopt;
  return std::llround(microwatts);
}

class BatterySource final : public Source {
 public:
  BatterySource(const Host& host, std::vector<Battery> batteries)
      : clock_(host.clock), batteries_(std::move(batteries)) {
    channel_.id = "battery/power";
    channel_.source = "battery";
    channel_.device = "node";
    channel_.domain = Domain::wall;
    channel_.quantity = "power";
    channel_.kind = Kind::gauge;
    channel_.unit = Unit::watt;
    channel_.scale = 1e-6;
    channel_.update_period = std::chrono::seconds{1};
    channel_.latency = std::chrono::milliseconds{20};
  }

  std::span<const Channel> channels() const noexcept override { return {&channel_, 1}; }

  void read(Sink& out) noexcept override {
    const Instant before = clock_->now();
    const std::optional<std::int64_t> microwatts = sum();
    const Instant after = clock_->now();
    if (microwatts)
      out.put({0, Quality::measured, *microwatts, before, after});
    else
      out.missing(0, before, after);
  }

 private:
  std::optional<std::int64_t> sum() const noexcept {
    std::int64_t total = 0;
    for (const Battery& battery : batteries_) {
      std::array<char, 32> buffer;
      const std::string_view status = word_of(battery.status, buffer);
      if (status == "Not charging") continue;
      if (status != "Discharging") return std::nullopt;
      const auto value = discharge(battery);
      if (!value) return std::nullopt;
      total += *value;
    }
    if (total == 0) return std::nullopt;
    return total;
  }

  const Clock* clock_;
  std::vector<Battery> batteries_;
  Channel channel_;
};

}  // namespace

OpenedSource open_battery(const Host& host) {
  const auto root = host.path("/sys/class/power_supply");
  std::vector<Battery> batteries;
  for (const std::string& name : list_directory(root)) {
    if (auto battery = open_one(root / name)) batteries.push_back(std::move(*battery));
  }
  if (batteries.empty()) return Error{ErrorKind::absent, root.string() + ": no battery that tells its power", ""};
  return OpenedSource{std::make_unique<BatterySource>(host, std::move(batteries))};
}

}  // namespace impact
