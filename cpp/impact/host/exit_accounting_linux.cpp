#include "impact/host/exit_accounting.hpp"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace impact {
namespace {

constexpr int kBufferBytes = 4 << 20;         // has room for some thousand ends between two looks
constexpr std::uint16_t kFirstWithTgid = 12;  // is the first version of taskstats that tells the process

struct Request {
  nlmsghdr head{};
  genlmsghdr command{};
  std::array<char, 256> attributes{};
};

// Holds one command with one attribute of text.
bool send(const Descriptor& socket, std::uint16_t family, std::uint8_t command, std::uint16_t attribute,
          std::string_view text) {
  Request request;
  nlattr head{};
  head.nla_type = attribute;
  head.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + text.size() + 1);
  if (head.nla_len > request.attributes.size()) return false;
  std::memcpy(request.attributes.data(), &head, sizeof head);
  std::memcpy(request.attributes.data() + NLA_HDRLEN, text.data(), text.size());
  request.head.nlmsg_type = family;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.head.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + GENL_HDRLEN + NLA_ALIGN(head.nla_len));
  request.command.cmd = command;
  request.command.version = 1;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = ::sendto(socket.get(), &request, request.head.nlmsg_len, 0,
                                reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  return sent == static_cast<ssize_t>(request.head.nlmsg_len);
}

using Buffer = std::array<char, 32768>;

// Receives the next datagram; returns 0 where none is there, -1 and errno where the socket fails.
ssize_t receive(const Descriptor& socket, Buffer& buffer, int wait_ms) {
  pollfd ready{socket.get(), POLLIN, 0};
  if (wait_ms > 0 && ::poll(&ready, 1, wait_ms) <= 0) return 0;
  const ssize_t n = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
}

// Calls take(type, payload) for each message of a datagram, or attribute of a message.
template <class Header, class Take>
void each(std::string_view data, std::size_t header_bytes, Take take) {
  while (data.size() >= header_bytes) {
    Header header;
    std::memcpy(&header, data.data(), sizeof header);  // NOLINT(bugprone-suspicious-stringview-data-usage): no text
    std::size_t length = 0;
    std::uint16_t type = 0;
    if constexpr (std::is_same_v<Header, nlmsghdr>) {
      length = header.nlmsg_len;
      type = header.nlmsg_type;
    } else {
      length = header.nla_len;
      type = header.nla_type & NLA_TYPE_MASK;
    }
    if (length < header_bytes || length > data.size()) return;
    take(type, data.substr(header_bytes, length - header_bytes));
    data.remove_prefix(std::min<std::size_t>((length + 3) & ~std::size_t{3}, data.size()));
  }
}

std::string_view attributes_of(std::string_view message) {
  return message.size() > GENL_HDRLEN ? message.substr(GENL_HDRLEN) : std::string_view{};
}

std::optional<std::uint16_t> find_family(const Descriptor& socket) {
  if (!send(socket, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, TASKSTATS_GENL_NAME)) return std::nullopt;
  Buffer buffer;
  std::optional<std::uint16_t> family;
  for (int i = 0; i < 4; ++i) {
    const ssize_t n = receive(socket, buffer, 500);
    if (n <= 0) break;
    bool done = false;
    each<nlmsghdr>({buffer.data(), static_cast<std::size_t>(n)}, NLMSG_HDRLEN,
                   [&](std::uint16_t type, std::string_view m) {
                     done = done || type == NLMSG_ERROR;
                     each<nlattr>(attributes_of(m), NLA_HDRLEN, [&](std::uint16_t attribute, std::string_view value) {
                       if (type != GENL_ID_CTRL || attribute != CTRL_ATTR_FAMILY_ID || value.size() < 2) return;
                       std::uint16_t id = 0;
                       std::memcpy(&id, value.data(), sizeof id);
                       family = id;
                     });
                   });
    if (done) break;
  }
  return family;
}

// Returns the kernel's answer to a command: 0, or an errno.
int acknowledged(const Descriptor& socket) {
  Buffer buffer;
  for (int i = 0; i < 100; ++i) {
    const ssize_t n = receive(socket, buffer, 500);
    if (n <= 0) return ETIMEDOUT;
    int answer = -1;
    each<nlmsghdr>({buffer.data(), static_cast<std::size_t>(n)}, NLMSG_HDRLEN,
                   [&](std::uint16_t type, std::string_view m) {
                     if (type != NLMSG_ERROR || m.size() < sizeof(int)) return;
                     int code = 0;
                     std::memcpy(&code, m.data(), sizeof code);
                     answer = -code;
                   });
    if (answer >= 0) return answer;
  }
  return ETIMEDOUT;
}

std::optional<ExitRecord> record_of(std::string_view stats) {
  taskstats s{};
  if (stats.size() < offsetof(taskstats, ac_tgid) + sizeof s.ac_tgid) return std::nullopt;
  std::memcpy(&s, stats.data(), std::min(stats.size(), sizeof s));
  if (s.version < kFirstWithTgid || s.ac_tgid == 0) return std::nullopt;
  // User and system time are sampled at the kernel's ticks, of which a short life may see none: the scheduler's own sum
  // is exact (it needs CONFIG_TASK_DELAY_ACCT and is 0 without).
  const auto sampled = static_cast<std::int64_t>(s.ac_utime + s.ac_stime) * 1000;
  const auto exact = static_cast<std::int64_t>(s.cpu_run_virtual_total);
  return ExitRecord{static_cast<int>(s.ac_tgid), static_cast<int>(s.ac_ppid), exact > 0 ? exact : sampled};
}

}  // namespace

Result<std::unique_ptr<ExitAccounting>> ExitAccounting::open(const Host& host) {
  if (!host.is_real()) return Error{ErrorKind::absent, "news of processes belong to the running machine", ""};
  Descriptor socket = Descriptor{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_GENERIC)}.kept();
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  if (!socket.valid() || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0)
    return Error{ErrorKind::absent, "netlink: " + std::generic_category().message(errno), ""};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes) != 0)
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof kBufferBytes);
  const std::optional<std::uint16_t> family = find_family(socket);
  if (!family) return Error{ErrorKind::absent, "the kernel has no taskstats (CONFIG_TASKSTATS)", ""};
  const Result<std::string> cpus = read_text(host.path("/sys/devices/system/cpu/possible"));
  const std::string mask = cpus ? cpus.value() : "0";
  if (!send(socket, *family, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK, mask))
    return Error{ErrorKind::broken, "taskstats takes no command", ""};
  if (const int code = acknowledged(socket); code != 0)
    return Error{code == EPERM ? ErrorKind::forbidden : ErrorKind::broken,
                 "taskstats: " + std::generic_category().message(code),
                 "give the program CAP_NET_ADMIN, or measure its control group (scope=\"cgroup\")"};
  return std::unique_ptr<ExitAccounting>(new ExitAccounting(std::move(socket), *family));
}

bool ExitAccounting::drain(std::vector<ExitRecord>& into) {
  if (!socket_.is_ours()) return false;  // else recv() would take what is the program's
  Buffer buffer;
  bool whole = true;
  for (int i = 0; i < 100'000; ++i) {
    const ssize_t n = receive(socket_, buffer, 0);
    if (n == 0) return whole;
    if (n < 0) {
      if (errno != ENOBUFS) return false;
      whole = false;
      continue;
    }
    each<nlmsghdr>({buffer.data(), static_cast<std::size_t>(n)}, NLMSG_HDRLEN,
                   [&](std::uint16_t type, std::string_view m) {
                     if (type != family_) return;
                     each<nlattr>(attributes_of(m), NLA_HDRLEN, [&](std::uint16_t kind, std::string_view nested) {
                       if (kind != TASKSTATS_TYPE_AGGR_PID) return;  // the parts of a group's sum have come already
                       each<nlattr>(nested, NLA_HDRLEN, [&](std::uint16_t part, std::string_view stats) {
                         if (part != TASKSTATS_TYPE_STATS) return;
                         if (const auto record = record_of(stats)) into.push_back(*record);
                       });
                     });
                   });
  }
  return whole;
}

}  // namespace impact
