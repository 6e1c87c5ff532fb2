#pragma once
// Another process of a test: it takes what it shall hold, says so, and lives until it is killed.

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace impact::fakes {

class Child {
 public:
  // `work(ready)` runs in the child and ends by `ready(whether it went well)`, which does not return: what the work has
  // taken stays taken. The test fails where it did not go well.
  template <class Work>
  explicit Child(Work&& work) {
    std::array<int, 2> word{};
    if (::pipe(word.data()) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
      ::setpgid(0, 0);
      work([&](bool well) {
        if (::write(word[1], well ? "y" : "n", 1) != 1) ::_exit(1);
        for (;;) ::pause();
      });
      ::_exit(1);
    }
    char answer = 'n';
    ::close(word[1]);
    EXPECT_EQ(::read(word[0], &answer, 1), 1);
    ::close(word[0]);
    EXPECT_EQ(answer, 'y');
  }
  ~Child() {
    kill();
    ::kill(-pid_, SIGKILL);  // what it has forked
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The child alone: what it has forked lives on.
  void kill() {
    if (dead_) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    dead_ = true;
  }
  pid_t pid() const noexcept { return pid_; }

 private:
  pid_t pid_ = -1;
  bool dead_ = false;
};

}  // namespace impact::fakes
