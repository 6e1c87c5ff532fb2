// counter-files: the zones of a fake machine as plain files under ROOT/sys, rewritten every millisecond.
//
//   counter-files CONFIG ROOT [INTERVAL_US | --once] [--watch FD]
//
// CONFIG as for fake-powercap. Prints the truth as one JSON line when the files are there. Ends on SIGTERM or SIGINT,
// or at the end of file of FD;
// --once writes the tree and ends. For a root-prefixed reader, and for benchmarks of what a reader's CPU time is.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>

#include "fakes/powercap/file_writer.hpp"

namespace {

int run(int argc, char** argv) {
  if (argc < 3) throw std::invalid_argument("usage: counter-files CONFIG ROOT [INTERVAL_US | --once] [--watch FD]");
  const std::string config = argv[1], root = std::string(argv[2]) + "/sys";
  bool once = false;
  int watch_fd = -1;
  std::int64_t interval_ns = 1'000'000;
  for (int i = 3; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--once")
      once = true;
    else if (word == "--watch" && i + 1 < argc)
      watch_fd = std::stoi(argv[++i]);
    else
      interval_ns = std::stoll(word) * 1000;
  }
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  std::ifstream file;
  if (!config.starts_with('{')) file.open(config);
  impact::fakes::Machine machine(config.starts_with('{') ? nlohmann::json::parse(config) : nlohmann::json::parse(file));
  if (once) {
    impact::fakes::write_tree(machine, root);
    std::cout << machine.truth() << std::flush;
    return 0;
  }
  impact::fakes::FileWriter writer(machine, root, interval_ns);
  std::cout << machine.truth() << std::flush;
  if (watch_fd >= 0)
    std::thread([watch_fd] {
      pollfd watched{watch_fd, 0, 0};
      while (::poll(&watched, 1, -1) < 0 && errno == EINTR) {}
      ::kill(::getpid(), SIGTERM);
    }).detach();
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "counter-files: " << error.what() << std::endl;
    return 2;
  }
}
