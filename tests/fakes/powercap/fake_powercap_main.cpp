// fake-powercap: a machine with RAPL zones that follow known power curves, over FUSE.
//
//   fake-powercap CONFIG --mount DIR           the tree (it stands for /sys) at DIR
//   fake-powercap CONFIG --namespace           in a mount namespace of its own, at /sys/class/powercap
//       --files [--interval-us N]              plain files, rewritten each ms, in place of FUSE: a read costs what sysfs costs
//       --no-network                           and in a network namespace with nothing but its loopback
//       --show SOURCE:TARGET                   and with SOURCE bound over TARGET (which is made if it is missing)
//   fake-powercap enter PID -- PROGRAM [ARGS]  run a program in the namespace that process PID holds
//
// CONFIG: a file of JSON, '-' for stdin, or JSON itself; see machine.hpp. In a namespace its "shows" names what else stands
// in for the machine's own: {"/proc/cpuinfo": "the file's text", "/sys/class/hwmon": {"name of a file below": "text"}};
// an empty text or directory hides what is there, and is left out where nothing is. Prints one JSON line, the truth, when all is
// in place, and serves until SIGTERM, SIGINT, or the end of file of its descriptor --watch FD, whose other end the test
// holds: it closes however the test ends. Then every process in the namespace is ended, and the mounts are gone.
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "fakes/powercap/file_writer.hpp"
#include "fakes/powercap/fuse_server.hpp"
#include "fakes/powercap/sandbox.hpp"

namespace impact::fakes {
namespace {

struct Options {
  std::string config, mount_at;
  bool sandbox = false, files = false, no_network = false;
  int watch_fd = -1;
  std::int64_t interval_ns = 1'000'000;
  std::vector<std::pair<std::string, std::string>> shown;
};

Options parse(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto value = [&] {
      if (i + 1 == words.size()) throw std::invalid_argument(words[i] + " needs a value");
      return words[++i];
    };
    if (words[i] == "--namespace")
      options.sandbox = true;
    else if (words[i] == "--files")
      options.files = true;
    else if (words[i] == "--no-network")
      options.no_network = true;
    else if (words[i] == "--mount")
      options.mount_at = value();
    else if (words[i] == "--watch")
      options.watch_fd = std::stoi(value());
    else if (words[i] == "--interval-us")
      options.interval_ns = std::stoll(value()) * 1000;
    else if (words[i] == "--show") {
      const std::string pair = value();
      const auto colon = pair.find(":/");
      if (colon == std::string::npos) throw std::invalid_argument("--show SOURCE:TARGET, both absolute");
      options.shown.emplace_back(pair.substr(0, colon), pair.substr(colon + 1));
    } else if (options.config.empty())
      options.config = words[i];
    else
      throw std::invalid_argument("unknown argument " + words[i]);
  }
  if (options.config.empty() || options.sandbox == !options.mount_at.empty())
    throw std::invalid_argument(
        "usage: fake-powercap CONFIG (--mount DIR | --namespace) [--files] [--no-network] [--watch FD]");
  return options;
}

nlohmann::json read_config(const std::string& where) {
  if (where.starts_with('{')) return nlohmann::json::parse(where);
  if (where == "-") return nlohmann::json::parse(std::cin);
  std::ifstream file(where);
  if (!file) throw std::invalid_argument("cannot open " + where);
  return nlohmann::json::parse(file);
}

/// Blocks until it is time to go.
void wait_for_the_end(int watch_fd, const sigset_t& signals) {
  if (watch_fd >= 0)
    std::thread([watch_fd] {
      pollfd watched{watch_fd, 0, 0};  // the end of the writer shows as POLLHUP
      while (::poll(&watched, 1, -1) < 0 && errno == EINTR) {}
      ::kill(::getpid(), SIGTERM);
    }).detach();
  int signal = 0;
  sigwait(&signals, &signal);
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  if (!(std::ofstream(path) << text)) throw std::runtime_error("cannot write " + path.string());
}

// Builds what the configuration shows below `directory` and binds each over its place.
void show_files(const nlohmann::json& shows, const std::string& directory, const Staging& staging) {
  int number = 0;
  for (const auto& [target, content] : shows.items()) {
    std::error_code unreadable;
    const bool is_there = std::filesystem::exists(target, unreadable);
    if (!is_there && content.empty()) continue;
    const std::string source = directory + "/" + std::to_string(number++);
    const bool hides_a_file = content.empty() && !std::filesystem::is_directory(target, unreadable);
    if (content.is_string() || hides_a_file) {
      write_text(source, content.is_string() ? content.get<std::string>() : "");
    } else {
      std::filesystem::create_directories(source);
      for (const auto& [name, text] : content.items()) write_text(source + "/" + name, text.get<std::string>());
    }
    show_at(source, target, staging);
  }
}

int hold(const Options& options) {
  const nlohmann::json config = read_config(options.config);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (options.sandbox) enter_new_sandbox(options.no_network);

  std::optional<Staging> staging;
  std::string root = options.mount_at;
  if (options.sandbox) {
    root = staging.emplace().path() + "/sys";
    std::filesystem::create_directory(root);
  }
  Machine machine(config);
  std::optional<FuseServer> server;
  std::optional<FileWriter> writer;
  if (options.files) {
    writer.emplace(machine, root, options.interval_ns);
  } else {
    server.emplace(machine, root);
    std::thread([&server] { server->serve(); }).detach();
  }
  if (options.sandbox) {
    show_files(config.value("shows", nlohmann::json::object()), staging->path() + "/shows", *staging);
    for (const char* place : {"/devices/virtual/powercap", "/class/powercap"})
      if (machine.has_powercap()) show_at(root + place, "/sys" + std::string(place), *staging);
    for (const int cpu : machine.register_cpus()) {
      if (options.files) throw std::invalid_argument("registers need FUSE: a file's neighbours overlap");
      const std::string place = "/" + std::to_string(cpu) + "/msr";
      show_at(root + "/dev-cpu" + place, "/dev/cpu" + place, *staging);
    }
    for (const auto& [source, target] : options.shown) show_at(source, target, *staging);
    staging.reset();  // the binds keep what they show
  }
  std::cout << machine.truth() << std::flush;
  wait_for_the_end(options.watch_fd, signals);
  if (options.sandbox)
    kill_all_in_sandbox();
  else if (server)
    ::umount2(root.c_str(), MNT_DETACH);
  // The serving threads wait in the kernel; the end of the process ends them, and with its descriptor the file system.
  ::_exit(0);
}

int enter(const std::vector<std::string>& words) {
  if (words.size() < 3 || words[1] != "--")
    throw std::invalid_argument("usage: fake-powercap enter PID -- PROGRAM [ARGS]");
  join_sandbox(static_cast<pid_t>(std::stol(words[0])));
  std::vector<char*> program;
  for (std::size_t i = 2; i < words.size(); ++i) program.push_back(const_cast<char*>(words[i].c_str()));
  program.push_back(nullptr);
  ::execvp(program[0], program.data());
  std::cerr << "fake-powercap: " << words[2] << ": " << std::strerror(errno) << "\n";
  return 127;
}

}  // namespace
}  // namespace impact::fakes

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (!words.empty() && words[0] == "enter") return impact::fakes::enter({words.begin() + 1, words.end()});
    return impact::fakes::hold(impact::fakes::parse(words));
  } catch (const impact::fakes::Unavailable& error) {
    std::cerr << "fake-powercap: " << error.what() << std::endl;
    return 77;  // "skipped", as test drivers read it
  } catch (const std::exception& error) {
    std::cerr << "fake-powercap: " << error.what() << std::endl;
    return 2;
  }
}
