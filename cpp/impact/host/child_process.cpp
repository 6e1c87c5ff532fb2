#include "impact/host/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <thread>

#include "impact/host/clock.hpp"
#include "impact/host/fork.hpp"

extern char** environ;

namespace impact {
namespace {

using std::chrono::milliseconds;

// Never 0, 1 or 2: the child's own would overwrite them before they are copied.
Descriptor above_standard(int fd) {
  Descriptor given(fd);
  return Descriptor(fcntl(given.get(), F_DUPFD_CLOEXEC, 3));
}

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& more) {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto name = text.substr(0, text.find('='));
    const auto overridden = [&](const auto& pair) { return pair.first == name; };
    if (std::none_of(more.begin(), more.end(), overridden)) all.emplace_back(text);
  }
  for (const auto& [name, value] : more) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// What posix_spawn wants, freed again.
struct SpawnSettings {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  void plain_signals() {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
};

Error start_error(const std::string& path, int number) {
  const auto what = "cannot start " + path + ": " + std::strerror(number);
  if (number == ENOENT || number == ENOTDIR) return {ErrorKind::absent, what, ""};
  if (number == EACCES || number == EPERM) return {ErrorKind::forbidden, what, "chmod +x " + path};
  return {ErrorKind::broken, what, ""};
}

int poll_ms(Instant deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - system_clock().now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const Options& options) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error{ErrorKind::broken, std::string("no socket pair: ") + std::strerror(errno), ""};
  }
  Descriptor ours = above_standard(ends[0]);
  const Descriptor theirs = above_standard(ends[1]);
  Descriptor errors = above_standard(memfd_create("stderr", MFD_CLOEXEC));
  if (!ours.valid() || !theirs.valid() || !errors.valid()) {
    return Error{ErrorKind::broken, std::string("no descriptors for a child: ") + std::strerror(errno), "ulimit -n"};
  }
  SpawnSettings settings;
  settings.plain_signals();
  posix_spawn_file_actions_adddup2(&settings.actions, theirs.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&settings.actions, theirs.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&settings.actions, errors.get(), STDERR_FILENO);
  auto command = options.command;
  auto variables = environment_with(options.environment);
  const auto arguments = pointers(command);
  const auto environment = pointers(variables);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, command.at(0).c_str(), &settings.actions, &settings.attributes, arguments.data(),
                                 environment.data());
  if (failed != 0) return start_error(command.at(0), failed);
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, std::move(ours), std::move(errors)));
}

ChildProcess::ChildProcess(int pid, Descriptor stream, Descriptor errors)
    : pid_(pid), generation_(fork_generation()), stream_(std::move(stream)), errors_(std::move(errors)) {
#ifdef SYS_pidfd_open
  watch_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
#endif
}

ChildProcess::~ChildProcess() {
  if (generation_ != fork_generation()) return;
  kill();
  reap(true);
}

Transfer ChildProcess::send(std::string_view data, Duration timeout) {
  const auto deadline = system_clock().now() + timeout;
  while (!data.empty()) {
    const auto sent = ::send(stream_.get(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      data.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Transfer::closed;
    pollfd ready{stream_.get(), POLLOUT, 0};
    if (poll(&ready, 1, poll_ms(deadline)) == 0) return Transfer::timed_out;
  }
  return Transfer::done;
}

Transfer ChildProcess::receive(std::string& into, Duration timeout) {
  pollfd ready{stream_.get(), POLLIN, 0};
  const int state = poll(&ready, 1, poll_ms(system_clock().now() + timeout));
  if (state == 0) return Transfer::timed_out;
  if (state < 0) return errno == EINTR ? Transfer::interrupted : Transfer::closed;
  std::array<char, 65536> chunk{};
  ssize_t got = -1;
  do {
    got = recv(stream_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    into.append(chunk.data(), static_cast<std::size_t>(got));
    return Transfer::done;
  }
  return got < 0 && errno == EAGAIN ? Transfer::interrupted : Transfer::closed;
}

void ChildProcess::close_input() noexcept {
  if (generation_ == fork_generation()) shutdown(stream_.get(), SHUT_WR);
}

bool ChildProcess::reap(bool block) noexcept {
  const std::lock_guard lock(mutex_);
  if (ending_) return true;
  int status = 0;
  pid_t found = -1;
  do {
    found = waitpid(pid_, &status, block ? 0 : WNOHANG);
  } while (found < 0 && errno == EINTR);
  if (found == 0) return false;
  ending_ = Ending{};
  if (found == pid_ && WIFEXITED(status)) ending_->exit_code = WEXITSTATUS(status);
  if (found == pid_ && WIFSIGNALED(status)) ending_->signal = WTERMSIG(status);
  return true;
}

std::optional<Ending> ChildProcess::wait(Duration timeout) {
  if (generation_ != fork_generation()) return std::nullopt;
  const auto deadline = system_clock().now() + timeout;
  while (!reap(false)) {
    const int left = poll_ms(deadline);
    if (left == 0) return std::nullopt;
    if (watch_.valid()) {
      pollfd ended{watch_.get(), POLLIN, 0};
      poll(&ended, 1, left);
    } else {
      std::this_thread::sleep_for(milliseconds(std::min(left, 5)));
    }
  }
  const std::lock_guard lock(mutex_);
  return ending_;
}

void ChildProcess::signal(int number) noexcept {
  const std::lock_guard lock(mutex_);
  if (!ending_ && generation_ == fork_generation()) ::kill(pid_, number);
}

void ChildProcess::terminate() noexcept { signal(SIGTERM); }
void ChildProcess::kill() noexcept { signal(SIGKILL); }

std::string ChildProcess::error_output(std::size_t limit) const {
  const auto size = lseek(errors_.get(), 0, SEEK_END);
  if (size <= 0) return {};
  const auto begin = std::max<off_t>(0, size - static_cast<off_t>(limit));
  std::string text(static_cast<std::size_t>(size - begin), '\0');
  const auto got = read_at(errors_, text, begin);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

}  // namespace impact
