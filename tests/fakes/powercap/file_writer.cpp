#include "fakes/powercap/file_writer.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace impact::fakes {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> paths_of(const std::vector<Node>& nodes, const std::string& root) {
  std::vector<std::string> paths{root};
  for (std::size_t i = 1; i < nodes.size(); ++i) paths.push_back(paths[nodes[i].parent] + "/" + nodes[i].name);
  return paths;
}

std::string content(const Node& node, const Machine& machine) {
  if (node.kind == Node::Kind::truth) return machine.truth();
  if (node.kind != Node::Kind::attribute) return node.text;
  if (node.name == "energy_uj") return std::to_string(node.zone->energy_uj(machine.now())) + "\n";
  return node.zone->read(node.name, machine.epoch_ns()).text;
}

}  // namespace

void write_tree(const Machine& machine, const std::string& root) {
  const std::vector<Node> nodes = powercap_layout(machine);
  const std::vector<std::string> paths = paths_of(nodes, root);
  fs::create_directories(root);
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    if (node.kind == Node::Kind::control || node.kind == Node::Kind::log || node.kind == Node::Kind::registers)
      continue;
    if (node.kind == Node::Kind::directory)
      fs::create_directory(paths[i]);
    else if (node.kind == Node::Kind::link)
      fs::create_symlink(node.text, paths[i]);
    else {
      std::ofstream(paths[i]) << content(node, machine);
      fs::permissions(paths[i], static_cast<fs::perms>(node.mode));
    }
  }
}

FileWriter::FileWriter(const Machine& machine, const std::string& root, std::int64_t interval_ns) {
  write_tree(machine, root);
  const std::vector<Node> nodes = powercap_layout(machine);
  const std::vector<std::string> paths = paths_of(nodes, root);
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    if (nodes[i].kind != Node::Kind::attribute || nodes[i].name != "energy_uj") continue;
    // The owner of a 0400 file who is not root may not open it for writing.
    fs::permissions(paths[i], fs::perms::owner_write, fs::perm_options::add);
    const int fd = ::open(paths[i].c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) throw std::runtime_error(paths[i] + ": " + std::strerror(errno));
    fs::permissions(paths[i], static_cast<fs::perms>(nodes[i].mode));
    counters_.push_back({nodes[i].zone.get(), fd, 0});
  }
  thread_ = std::jthread([this, &machine, interval_ns](const std::stop_token& stop) {
    ::prctl(PR_SET_TIMERSLACK, 1UL);
    std::int64_t due = monotonic_ns();
    while (!stop.stop_requested()) {
      rewrite(machine);
      due += interval_ns;
      const timespec until{due / 1'000'000'000, due % 1'000'000'000};
      ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
      if (monotonic_ns() - due > interval_ns) due = monotonic_ns();  // late by a beat: no burst to catch up
    }
  });
}

FileWriter::~FileWriter() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  for (const Counter& counter : counters_) ::close(counter.fd);
}

void FileWriter::rewrite(const Machine& machine) {
  char text[24];
  for (Counter& counter : counters_) {
    char* end = std::to_chars(text, text + sizeof text - 1, counter.zone->energy_uj(machine.now())).ptr;
    *end++ = '\n';
    const auto length = static_cast<std::size_t>(end - text);
    if (::pwrite(counter.fd, text, length, 0) < 0) continue;
    if (length < counter.length && ::ftruncate(counter.fd, static_cast<off_t>(length)) != 0) continue;
    counter.length = length;
  }
}

}  // namespace impact::fakes
