// What the processors and the memory are doing, beside their energy.
//
// Measures   CPU time worked by the whole machine, memory in use, resident memory of this process.
// Needs      /proc/stat, /proc/meminfo, /proc/self/statm; what is absent has no channel.
// Channels   cpu_state/cpu_time in s (counter, 1/100 s, all CPUs together: its rate over the CPUs is the utilisation),
//            cpu_state/memory_used in B (total less available), cpu_state/rss in B.
// Resolution Asked for once a second at most (update period 1 s).
// Known faults
//   - A virtual machine whose host tells no stolen time counts it as worked.
//   - In a container the numbers are the machine's, not the container's.

#include <array>
#include <charconv>

#include "impact/host/meminfo.hpp"
#include "impact/host/page.hpp"
#include "impact/sources/cpu_info.hpp"
#include "impact/sources/proc_stat.hpp"
#include "impact/sources/source.hpp"

namespace impact {
namespace {

// Reads "size resident shared …", which are pages.
std::optional<std::uint64_t> resident_memory(const Descriptor& statm) noexcept {
  std::array<char, 128> buffer;
  const std::ptrdiff_t n = read_at(statm, buffer);
  const std::string_view text{buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  std::uint64_t pages = 0;
  const auto [end, error] = std::from_chars(text.data() + blank + 1, text.data() + text.size(), pages);
  if (error != std::errc{} || pages > (std::uint64_t{1} << 48U)) return std::nullopt;
  return pages * page_size();
}

Channel channel(std::string_view what, std::string_view device, std::string_view quantity) {
  Channel c;
  c.id = "cpu_state/" + std::string(what);
  c.source = "cpu_state";
  c.device = device;
  c.quantity = quantity;
  c.kind = Kind::gauge;
  c.unit = Unit::byte;
  c.update_period = std::chrono::seconds{1};
  return c;
}

class CpuState final : public Source {
 public:
  CpuState(const Host& host, BusyTime busy, Descriptor meminfo, Descriptor statm)
      : clock_(host.clock), busy_(std::move(busy)), meminfo_(std::move(meminfo)), statm_(std::move(statm)) {
    Channel time = channel("cpu_time", "cpu", "cpu_time");
    time.kind = Kind::counter;
    time.unit = Unit::second;
    time.scale = kJiffySeconds;
    channels_.push_back(std::move(time));
    if (meminfo_.valid()) channels_.push_back(channel("memory_used", "memory", "memory_used"));
    if (statm_.valid()) channels_.push_back(channel("rss", "process", "memory_used"));
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    Instant before = clock_->now();
    std::uint32_t index = 0;
    const auto put = [&](const auto& value) {
      const Instant after = clock_->now();
      if (value)
        out.put({index, Quality::measured, static_cast<std::int64_t>(*value), before, after});
      else
        out.missing(index, before, after);
      before = after;
      ++index;
    };
    put(busy_.jiffies());
    if (meminfo_.valid()) put(used_memory(meminfo_, MemoryKind::held));
    if (statm_.valid()) put(resident_memory(statm_));
  }

 private:
  const Clock* clock_;
  BusyTime busy_;
  Descriptor meminfo_;
  Descriptor statm_;
  std::vector<Channel> channels_;
};

Descriptor open_or_none(const std::filesystem::path& path) {
  Result<Descriptor> file = open_for_reading(path);
  return file ? std::move(file).value() : Descriptor{};
}

}  // namespace

OpenedSource open_cpu_state(const Host& host) {
  const auto cpus = static_cast<unsigned>(online_cpus(host).size());
  Result<BusyTime> busy = BusyTime::open(host, cpus);
  if (!busy) return busy.error();
  return OpenedSource{std::make_unique<CpuState>(host, std::move(busy).value(),
                                                 open_or_none(host.path("/proc/meminfo")),
                                                 open_or_none(host.path("/proc/self/statm")))};
}

}  // namespace impact
