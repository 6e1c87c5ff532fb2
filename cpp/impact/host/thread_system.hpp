#pragma once
// Declares what a Thread asks of the operating system.

#include <string>
#include <thread>

namespace impact {

// Keeps every signal from this thread while it exists, and thereby from the threads that begin meanwhile.
class SignalsKeptOff {
 public:
  SignalsKeptOff() noexcept;
  ~SignalsKeptOff();
  SignalsKeptOff(const SignalsKeptOff&) = delete;
  SignalsKeptOff& operator=(const SignalsKeptOff&) = delete;

 private:
  alignas(16) unsigned char before_[128] = {};  // holds what was kept off before
};

// Returns " (this user may have 64 processes and threads: `ulimit -u`, RLIMIT_NPROC)", where there is such a limit.
std::string limit_of_threads();

// Gives a thread the name that ps and top show, where another thread can do that.
void name_thread(std::thread& thread, const std::string& name) noexcept;

}  // namespace impact
