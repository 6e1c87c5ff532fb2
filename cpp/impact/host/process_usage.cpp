#include "impact/host/process_usage.hpp"

#include <array>
#include <charconv>
#include <filesystem>
#include <string>

#include "impact/host/file.hpp"
#include "impact/host/process_id.hpp"
#include "impact/host/words.hpp"

namespace impact {
namespace {

std::optional<ProcessStat> read_stat(const std::filesystem::path& path) {
  const Descriptor file = open_briefly(path);
  if (!file.valid()) return std::nullopt;
  std::array<char, 1024> text;
  const std::ptrdiff_t n = read_at(file, text);
  if (n <= 0) return std::nullopt;
  return parse_process_stat({text.data(), static_cast<std::size_t>(n)});
}

std::vector<int> numbers_in(const std::filesystem::path& folder) {
  std::vector<int> numbers;
  for (const std::string& name : list_directory(folder)) {
    if (const auto number = parse_number<int>(name); number && *number > 0) numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace

bool waits_for_children(const Host& host, int pid) noexcept {
  if (host.is_real() && pid == process_id()) return waits_for_own_children();
  const Result<std::string> status = read_text(host.path("/proc/" + std::to_string(pid) + "/status"));
  constexpr std::string_view kKey = "\nSigIgn:\t";
  const std::size_t at = status ? status.value().find(kKey) : std::string::npos;
  if (at == std::string::npos) return true;
  const std::string_view text = std::string_view(status.value()).substr(at + kKey.size(), 16);
  constexpr unsigned kChildSignal = 17;  // is Linux's SIGCHLD
  std::uint64_t ignored = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ignored, 16);
  static_cast<void>(end);
  return error != std::errc{} || (ignored >> (kChildSignal - 1) & 1U) == 0;
}

std::optional<ProcessStat> parse_process_stat(std::string_view text) noexcept {
  const std::size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  ProcessStat stat;
  const auto pid = parse_number<int>(text.substr(0, open));
  if (!pid) return std::nullopt;
  stat.pid = *pid;
  text.remove_prefix(close + 1);
  const std::string_view state = next_word(text);
  if (state.size() != 1) return std::nullopt;
  stat.state = state.front();
  const auto parent = parse_number<int>(next_word(text));  // is field 4
  if (!parent) return std::nullopt;
  stat.parent = *parent;
  for (int field = 5; field < 14; ++field) next_word(text);
  std::array<std::int64_t, 4> times{};  // are the fields 14 to 17: utime, stime, cutime, cstime
  for (std::int64_t& time : times) {
    const auto value = parse_number<std::int64_t>(next_word(text));
    if (!value || *value < 0) return std::nullopt;
    time = *value;
  }
  stat.cpu_ticks = static_cast<std::uint64_t>(times[0] + times[1]);
  stat.children_ticks = static_cast<std::uint64_t>(times[2] + times[3]);
  for (int field = 18; field < 22; ++field) next_word(text);
  const auto started = parse_number<std::uint64_t>(next_word(text));
  if (!started) return std::nullopt;
  stat.started = *started;
  for (int field = 23; field < 39; ++field) next_word(text);
  stat.cpu = parse_number<int>(next_word(text)).value_or(-1);
  return stat;
}

std::optional<ProcessStat> read_process_stat(const Host& host, int pid) {
  return read_stat(host.path("/proc/" + std::to_string(pid) + "/stat"));
}

std::optional<ProcessStat> read_thread_stat(const Host& host, int pid, int thread) {
  return read_stat(host.path("/proc/" + std::to_string(pid) + "/task/" + std::to_string(thread) + "/stat"));
}

std::vector<int> threads_of(const Host& host, int pid) {
  return numbers_in(host.path("/proc/" + std::to_string(pid) + "/task"));
}

std::vector<int> all_processes(const Host& host) { return numbers_in(host.path("/proc")); }

std::optional<std::vector<int>> children_of(const Host& host, int pid) {
  const std::filesystem::path tasks = host.path("/proc/" + std::to_string(pid) + "/task");
  std::vector<int> children;
  for (const int thread : threads_of(host, pid)) {
    const Result<std::string> list = read_text(tasks / std::to_string(thread) / "children");
    if (!list) {
      // The thread may have ended since; without the process's own the kernel has no such lists.
      if (thread == pid && list.error().kind == ErrorKind::absent && read_process_stat(host, pid)) return std::nullopt;
      continue;
    }
    std::string_view rest = list.value();
    while (!rest.empty()) {
      if (const auto child = parse_number<int>(next_word(rest)); child && *child > 0) children.push_back(*child);
    }
  }
  return children;
}

bool numbers_processes_alike(const Host& host) {
  std::error_code failed;
  const std::filesystem::path self = std::filesystem::read_symlink(host.path("/proc/self"), failed);
  const auto own = static_cast<int>(process_id());
  return host.is_real() && !failed && self == std::to_string(own) && cpu_time_of(own);
}

bool in_process_namespace(const Host& host) {
  std::error_code failed;
  const std::filesystem::path link = std::filesystem::read_symlink(host.path("/proc/self/ns/pid"), failed);
  constexpr const char* kFirst = "pid:[4026531836]";  // the number is PROC_PID_INIT_INO of the kernel
  return !failed && link != kFirst;
}

}  // namespace impact
