// Does the few things the worker asks of the system itself: its streams, its parent, its memory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace impact::worker::process {

// Keeps the original stdout for the protocol and points descriptor 1 to stderr, so that no library can write into it.
int claim_stdout();

// The worker ends with its parent: the kernel signals it, and the signal counts only if the parent really changed
// (it also comes when merely the thread that started the worker ends).
void follow_parent();
[[nodiscard]] bool parent_is_gone();
[[nodiscard]] int own_pid();

// Starts this program anew, with the environment as it is now; returns only if the system refuses.
void start_again(char** arguments);
// Finds a function of a library of this process by its name; null if none has it.
[[nodiscard]] void* library_function(const char* name);
// Counts the processors that this thread may run on (taskset, a batch job's set); nothing where the system does not say.
[[nodiscard]] std::optional<std::int64_t> allowed_cpus();

// Ends the process at once, without destructors.
[[noreturn]] void leave_now(int code);

// Reads lines from a descriptor; returns false at the end of the stream.
class LineReader {
 public:
  explicit LineReader(int fd) : fd_(fd) {}
  bool next(std::string& line);

 private:
  int fd_;
  std::string buffer_;
};

[[nodiscard]] bool can_write(int fd);
// Returns false if the other end is closed.
[[nodiscard]] bool write_all(int fd, const std::string& text);

// Returns CPU time in ns of every thread of this process, by its number; empty where the kernel does not tell.
[[nodiscard]] std::map<std::int64_t, std::int64_t> thread_cpu_ns();

// Gives back to the system what the allocator keeps of freed memory.
void give_memory_back();
// Resets the high-water mark of resident memory; returns false where the kernel does not allow it.
bool reset_peak_memory();
[[nodiscard]] std::optional<std::int64_t> peak_memory_bytes();
[[nodiscard]] std::optional<std::int64_t> available_memory_bytes();
// Adds up the processors' caches of the last level; nothing where the system does not describe them.
[[nodiscard]] std::optional<std::int64_t> last_cache_bytes(const std::string& root = "/");

}  // namespace impact::worker::process
