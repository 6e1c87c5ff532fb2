// RAPL through msr-safe: registers without root, all in one request
//
// Measures   What rapl_msr measures.
// Needs      The module msr-safe, membership in its group, and an allow-list with the energy registers.
// Channels   As rapl_msr; one request reads every package at the same moment.
// Resolution As rapl_msr.
// Known faults
//   - A register that is not on the allow-list fails alone: its counter is left out, or missing if it fails later.
//   - The units' traps are rapl_msr's.

#include <fmt/format.h>

#include <array>

#include "impact/sources/device_readers.hpp"
#include "impact/sources/rapl_registers.hpp"

namespace impact {
namespace {

// As in msr-safe's msr_safe.h.
struct Operation {
  std::uint16_t cpu;
  std::uint16_t is_read;
  std::int32_t error;
  std::uint32_t address;
  std::uint64_t data;
  std::uint64_t write_mask;
};
struct Batch {
  std::uint32_t count;
  Operation* operations;
};
static_assert(sizeof(Operation) == 32 && sizeof(Batch) == 16);
constexpr unsigned long kBatch = 0xC01063A2;  // is _IOWR('c', 0xA2, Batch)

Operation operation(unsigned cpu, std::uint32_t address) {
  return {static_cast<std::uint16_t>(cpu), 1, 0, address, 0, 0};
}

class MsrSafe final : public Source {
 public:
  MsrSafe(const Host& host, Descriptor device, DeviceControl control, std::vector<rapl::PlannedRegister> plan)
      : clock_(host.clock), device_(std::move(device)), control_(control) {
    for (rapl::PlannedRegister& planned : plan) {
      operations_.push_back(operation(planned.cpu, planned.address));
      channels_.push_back(std::move(planned.channel));
    }
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    std::array<Operation, kMost> operations;
    const std::size_t count = std::min(operations_.size(), kMost);
    std::copy_n(operations_.begin(), count, operations.begin());
    Batch batch{static_cast<std::uint32_t>(count), operations.data()};
    const Instant before = clock_->now();
    (void)control_(device_, kBatch, &batch);  // it fails as a whole when one fails, and each tells its own error
    const Instant after = clock_->now();
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool ok = operations[i].error == 0 && operations[i].data != 0;
      const auto value = static_cast<std::int64_t>(operations[i].data & rapl::kCountMask);
      if (ok)
        out.put({i, channels_[i].quality, value, before, after});
      else
        out.missing(i, before, after);
    }
  }

  static constexpr std::size_t kMost = 64;

 private:
  const Clock* clock_;
  Descriptor device_;
  DeviceControl control_;
  std::vector<Operation> operations_;
  std::vector<Channel> channels_;
};

}  // namespace

OpenedSource open_msr_safe_with(const Host& host, DeviceControl control) {
  const CpuInfo cpu = read_cpu_info(host);
  if (auto error = rapl::unknown_registers(cpu)) return *error;
  Result<Descriptor> device = open_device(host.path("/dev/cpu/msr_batch"));
  if (!device) {
    Error error = device.error();
    if (error.kind == ErrorKind::absent) error.what += " (msr-safe is not installed)";
    if (error.kind == ErrorKind::forbidden)
      error.advice = "ask for membership in the group that owns /dev/cpu/msr_batch";
    return error;
  }
  auto plan = rapl::plan_registers(host, cpu, "msr_safe",
                                   [&](unsigned number, std::uint32_t address) -> std::optional<std::uint64_t> {
                                     Operation one = operation(number, address);
                                     Batch batch{1, &one};
                                     if (control(device.value(), kBatch, &batch) != 0 || one.error != 0)
                                       return std::nullopt;
                                     return one.data;
                                   });
  if (!plan) return plan.error();
  if (plan.value().size() > MsrSafe::kMost) plan.value().resize(MsrSafe::kMost);
  return OpenedSource{std::make_unique<MsrSafe>(host, std::move(device).value(), control, std::move(plan).value())};
}

OpenedSource open_msr_safe(const Host& host) { return open_msr_safe_with(host, device_control); }

}  // namespace impact
