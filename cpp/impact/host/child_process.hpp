#pragma once
// A program of our own that runs beside us: a two-way stream to it, its standard error kept, its end awaited.

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "impact/core/error.hpp"
#include "impact/core/time.hpp"
#include "impact/host/file.hpp"

namespace impact {

// How a process ended: by itself or by a signal. Neither where somebody else took the news (a wait for any child).
struct Ending {
  std::optional<int> exit_code;
  std::optional<int> signal;
};

enum class Transfer : std::uint8_t { done, timed_out, interrupted, closed };

// Its descriptors are close-on-exec, no SIGPIPE comes from it, and the child starts with default signal handling
// whatever this process ignores or blocks. send() and signals may come from any thread while another one receives.
// The destructor kills and reaps; in a forked child it only closes its copies of the descriptors.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> command;                              // an executable's path and its arguments
    std::vector<std::pair<std::string, std::string>> environment;  // set in addition to ours
  };

  // Error: absent or forbidden with the path, else broken.
  static Result<std::unique_ptr<ChildProcess>> start(const Options& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  int pid() const noexcept { return pid_; }

  // All of `data` to the child's standard input; closed if it no longer reads.
  Transfer send(std::string_view data, Duration timeout);
  // Appends what the child has written to its standard output, waiting for at least one byte. interrupted: a signal
  // came.
  Transfer receive(std::string& into, Duration timeout);
  // The child sees the end of its standard input; its output can still be received.
  void close_input() noexcept;

  // Waits for the end and reaps; nullopt if it still runs after the time. Again and again the same answer.
  std::optional<Ending> wait(Duration timeout);
  // A signal to the child, never to another process that got its number.
  void signal(int number) noexcept;
  void terminate() noexcept;
  void kill() noexcept;

  // The last bytes of what it wrote on standard error.
  std::string error_output(std::size_t limit = 4096) const;

 private:
  ChildProcess(int pid, Descriptor stream, Descriptor errors);
  bool reap(bool block) noexcept;

  int pid_;
  std::uint32_t generation_;
  Descriptor stream_;
  Descriptor errors_;
  Descriptor watch_;  // readable once the child has ended; invalid on kernels before 5.3
  mutable std::mutex mutex_;
  std::optional<Ending> ending_;
};

}  // namespace impact
