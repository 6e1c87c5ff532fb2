// Power of AMD EPYC sockets through the host system management port
//
// Measures   Each socket's power, as its management firmware computes it: a model, as AMD's RAPL.
// Needs      The module amd_hsmp (EPYC Milan and later) and read permission on /dev/hsmp, root as a rule.
// Channels   hsmp/socket-K/power in W, count = milliwatts.
// Resolution Renewed every 1 ms by the firmware; a request takes some tens of microseconds to milliseconds.
// Known faults
//   - Where RAPL can be read its energy counter is better: this is then a duplicate that adds nothing.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "impact/sources/cpu_info.hpp"
#include "impact/sources/device_readers.hpp"
#include "impact/sources/read_in_turn.hpp"

namespace impact {
namespace {

// As in the kernel's amd_hsmp.h.
struct Message {
  std::uint32_t id;
  std::uint16_t arguments;
  std::uint16_t answers;
  std::uint32_t words[8];
  std::uint16_t socket;
};
static_assert(sizeof(Message) == 44);
constexpr unsigned long kRequest = 0xC02CF800;  // is _IOWR(0xF8, 0, Message)
constexpr std::uint32_t kGetSocketPower = 4;

std::optional<std::int64_t> socket_power(const Descriptor& device, DeviceControl control, unsigned socket) noexcept {
  constexpr std::uint32_t kMostMw = 5'000'000;
  Message message{};
  message.id = kGetSocketPower;
  message.answers = 1;
  message.socket = static_cast<std::uint16_t>(socket);
  if (control(device, kRequest, &message) != 0) return std::nullopt;
  if (message.words[0] == 0 || message.words[0] > kMostMw) return std::nullopt;
  return message.words[0];
}

Channel channel(unsigned socket, Duration latency) {
  Channel c;
  c.id = fmt::format("hsmp/socket-{}/power", socket);
  c.source = "hsmp";
  c.device = fmt::format("cpu:{}", socket);
  c.domain = Domain::package;
  c.quantity = "power";
  c.kind = Kind::gauge;
  c.unit = Unit::watt;
  c.scale = 1e-3;
  c.update_period = std::chrono::milliseconds{1};
  c.latency = latency;
  c.quality = Quality::modelled;
  c.relative_error = 0.10;  // is the same as RAPL's (rapl.cpp)
  return c;
}

class Hsmp final : public Source {
 public:
  Hsmp(const Host& host, Descriptor device, DeviceControl control)
      : clock_(host.clock), device_(std::move(device)), control_(control) {}

  void add(unsigned socket) {
    const Instant start = clock_->now();
    if (!socket_power(device_, control_, socket)) return;
    channels_.push_back(channel(socket, std::max<Duration>(clock_->now() - start, std::chrono::microseconds{100})));
    sockets_.push_back(socket);
  }

  std::span<const Channel> channels() const noexcept override { return channels_; }

  void read(Sink& out) noexcept override {
    read_in_turn(*clock_, channels_, out,
                 [this](std::uint32_t i) { return socket_power(device_, control_, sockets_[i]); });
  }

 private:
  const Clock* clock_;
  Descriptor device_;
  DeviceControl control_;
  std::vector<unsigned> sockets_;
  std::vector<Channel> channels_;
};

}  // namespace

OpenedSource open_hsmp_with(const Host& host, DeviceControl control) {
  const auto path = host.path("/dev/hsmp");
  Result<Descriptor> device = open_device(path);
  if (!device) {
    Error error = device.error();
    if (error.kind == ErrorKind::forbidden)
      error.advice = "sudo chgrp video /dev/hsmp && sudo chmod g+r /dev/hsmp, or run as root";
    const bool amd = read_cpu_info(host).vendor == Vendor::amd;
    if (error.kind == ErrorKind::absent && amd) error.advice = "sudo modprobe amd_hsmp (EPYC Milan and later)";
    return error;
  }
  auto source = std::make_unique<Hsmp>(host, std::move(device).value(), control);
  std::set<unsigned> sockets;
  for (const CpuPlace& place : read_topology(host)) sockets.insert(place.package);
  if (sockets.empty()) sockets.insert(0);
  for (const unsigned socket : sockets) source->add(socket);
  if (source->channels().empty())
    return Error{ErrorKind::unsupported, path.string() + ": no socket tells its power", ""};
  return OpenedSource{std::move(source)};
}

OpenedSource open_hsmp(const Host& host) { return open_hsmp_with(host, device_control); }

}  // namespace impact
