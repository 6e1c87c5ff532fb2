#include "worker/process.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace impact::worker::process {
namespace {

// It is written once, before the handler can run.
volatile pid_t original_parent = 0;

extern "C" void on_parent_signal(int) {
  if (getppid() != original_parent) {
    _exit(0);
  }
}

// Reads the value in bytes of a line "Key:   123 kB" of a file in /proc.
std::optional<std::int64_t> kilobytes(const char* path, const std::string& key) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    if (word == key) {
      std::int64_t value = 0;
      return file >> value ? std::optional(value * 1024) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

int claim_stdout() {
  const int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    return STDOUT_FILENO;
  }
  return fd;
}

void follow_parent() {
  original_parent = getppid();
  sigset_t none;
  sigemptyset(&none);
  // NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs yet
  sigprocmask(SIG_SETMASK, &none, nullptr);  // whatever the thread that started this process blocks
  struct sigaction action{};
  action.sa_handler = on_parent_signal;
  sigaction(SIGUSR2, &action, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGUSR2);
  // The terminal's Ctrl-C is the parent's affair: it decides how a running phase ends.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  if (const char* expected = std::getenv("IMPACT_WORKER_PARENT"); expected != nullptr) {
    if (std::atol(expected) != static_cast<long>(original_parent)) {
      _exit(0);  // it died before the signal was asked for
    }
    unsetenv("IMPACT_WORKER_PARENT");
  }
  // NOLINTEND(concurrency-mt-unsafe)
}

bool parent_is_gone() { return original_parent != 0 && getppid() != original_parent; }

int own_pid() { return getpid(); }

void start_again(char** arguments) {
  std::error_code error;
  // It keeps its own name: a process started as /proc/self/exe would be called "exe" in every list of processes.
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    execv(self.c_str(), arguments);
  }
}

void* library_function(const char* name) { return dlsym(RTLD_DEFAULT, name); }

std::optional<std::int64_t> allowed_cpus() {
  constexpr int kMost = 1 << 16;
  cpu_set_t* set = CPU_ALLOC(kMost);
  if (set == nullptr) {
    return std::nullopt;
  }
  const auto size = CPU_ALLOC_SIZE(kMost);
  const bool told = sched_getaffinity(0, size, set) == 0;
  const auto count = told ? CPU_COUNT_S(size, set) : 0;
  CPU_FREE(set);
  return count > 0 ? std::optional<std::int64_t>(count) : std::nullopt;
}

void leave_now(int code) { _exit(code); }

bool LineReader::next(std::string& line) {
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return true;
    }
    char chunk[4096];
    const auto byte_count = read(fd_, chunk, sizeof chunk);
    if (byte_count > 0) {
      buffer_.append(chunk, static_cast<std::size_t>(byte_count));
    } else if (byte_count == 0 || errno != EINTR) {
      line = std::exchange(buffer_, {});
      return !line.empty();
    }
  }
}

bool can_write(int fd) {
  pollfd p{fd, POLLOUT, 0};
  return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

bool write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const auto n = write(fd, text.data() + done, text.size() - done);
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

std::map<std::int64_t, std::int64_t> thread_cpu_ns() {
  std::map<std::int64_t, std::int64_t> times;
  std::error_code error;
  for (std::filesystem::directory_iterator thread("/proc/self/task", error), end; !error && thread != end;
       thread.increment(error)) {
    std::int64_t ran = 0;
    if (std::ifstream(thread->path() / "schedstat") >> ran) {
      times[std::atoll(thread->path().filename().c_str())] = ran;
    }
  }
  return times;
}

void give_memory_back() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

bool reset_peak_memory() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

std::optional<std::int64_t> last_cache_bytes(const std::string& root) {
  std::map<std::string, std::int64_t> sizes;  // of the caches of the last level, by the processors that share each
  int last = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator cpu(root + "/sys/devices/system/cpu", error), end; !error && cpu != end;
       cpu.increment(error)) {
    std::error_code none;
    for (std::filesystem::directory_iterator cache(cpu->path() / "cache", none), past; !none && cache != past;
         cache.increment(none)) {
      int level = 0;
      std::string shared;
      std::int64_t kib = 0;
      const bool told = std::ifstream(cache->path() / "level") >> level &&
                        std::ifstream(cache->path() / "shared_cpu_list") >> shared &&
                        std::ifstream(cache->path() / "size") >> kib;
      if (!told || level < last) {
        continue;
      }
      if (level > last) {
        last = level;
        sizes.clear();
      }
      sizes[shared] = kib * 1024;  // the kernel writes "32768K"
    }
  }
  std::int64_t sum = 0;
  for (const auto& [shared, size] : sizes) {
    sum += size;
  }
  return sum > 0 ? std::optional(sum) : std::nullopt;
}

std::optional<std::int64_t> peak_memory_bytes() { return kilobytes("/proc/self/status", "VmHWM:"); }
std::optional<std::int64_t> available_memory_bytes() { return kilobytes("/proc/meminfo", "MemAvailable:"); }

}  // namespace impact::worker::process
