#include "impact/host/perf.hpp"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace impact {
namespace {

Error perf_error(int code, unsigned cpu) {
  ErrorKind kind = ErrorKind::absent;
  if (code == EACCES || code == EPERM || code == ENOSYS) kind = ErrorKind::forbidden;
  if (code == EMFILE || code == ENFILE) kind = ErrorKind::misconfigured;
  return {kind, "perf_event_open on CPU " + std::to_string(cpu) + ": " + std::generic_category().message(code), ""};
}

}  // namespace

Result<PerfGroup> PerfGroup::open(std::uint32_t type, std::span<const std::uint64_t> configs, unsigned cpu) {
  std::vector<Descriptor> events;
  for (const std::uint64_t config : configs) {
    perf_event_attr attr{};
    attr.type = type;
    attr.size = sizeof attr;
    attr.config = config;
    attr.read_format = PERF_FORMAT_GROUP;
    const int leader = events.empty() ? -1 : events.front().get();
    const long fd = syscall(SYS_perf_event_open, &attr, -1, static_cast<int>(cpu), leader, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0) return perf_error(errno, cpu);
    events.push_back(Descriptor{static_cast<int>(fd)}.kept());
  }
  return PerfGroup{std::move(events)};
}

bool PerfGroup::read(std::span<std::uint64_t> values) const noexcept {
  std::array<std::uint64_t, kMostEvents + 1> buffer;
  const std::size_t want = (values.size() + 1) * sizeof(std::uint64_t);
  if (events_.empty() || values.size() > kMostEvents || !events_.front().is_ours()) return false;
  ssize_t n = -1;
  do {
    n = ::read(events_.front().get(), buffer.data(), want);
  } while (n < 0 && errno == EINTR);
  if (n != static_cast<ssize_t>(want) || buffer[0] != values.size()) return false;
  std::copy_n(buffer.begin() + 1, values.size(), values.begin());
  return true;
}

}  // namespace impact
