#include "fakes/powercap/sandbox.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace impact::fakes {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) { throw Unavailable(what + ": " + std::strerror(errno)); }

void mount_or_fail(const char* source, const std::string& target, const char* type, unsigned long flags,
                   const std::string& data = {}) {
  if (::mount(source, target.c_str(), type, flags, data.empty() ? nullptr : data.c_str()) != 0)
    fail("mount " + std::string(type != nullptr ? type : source) + " at " + target);
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file.flush()) fail("write " + path);
}

void loopback_up() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool up = socket >= 0 && ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
  if (socket >= 0) ::close(socket);
  if (!up) fail("loopback up");
}

void join(pid_t holder, const char* kind, int flag) {
  const std::string theirs = "/proc/" + std::to_string(holder) + "/ns/" + kind;
  if (fs::read_symlink(theirs) == fs::read_symlink(std::string("/proc/self/ns/") + kind)) return;
  const int fd = ::open(theirs.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 || ::setns(fd, flag) != 0) fail("join " + theirs);
  ::close(fd);
}

/// tmpfs over parent with every entry of it bound back.
void shadow(const std::string& parent, const Staging& staging, const std::string& name) {
  const std::string copy = staging.path() + "/shadow-" + name;
  fs::create_directory(copy);
  for (const auto& entry : fs::directory_iterator(parent)) {
    const std::string place = copy + "/" + entry.path().filename().string();
    if (entry.is_symlink()) {
      fs::create_symlink(fs::read_symlink(entry.path()), place);
      continue;
    }
    if (entry.is_directory())
      fs::create_directory(place);
    else
      write_file(place, "");
    mount_or_fail(entry.path().c_str(), place, nullptr, MS_BIND | MS_REC);
  }
  mount_or_fail(copy.c_str(), parent, nullptr, MS_BIND | MS_REC);
}

void make_target(const std::string& target, bool directory, const Staging& staging) {
  const fs::path path(target);
  if (!fs::exists(path.parent_path())) make_target(path.parent_path(), true, staging);
  std::string name = target;
  std::replace(name.begin(), name.end(), '/', '-');
  const std::string parent = path.parent_path(), upper = staging.path() + "/upper" + name,
                    work = staging.path() + "/work" + name;
  fs::create_directory(upper);
  fs::create_directory(work);
  // A program that writes here (as /sys is no place to do) changes the overlay, never the machine.
  const std::string options = "lowerdir=" + parent + ",upperdir=" + upper + ",workdir=" + work;
  if (::mount("fake-machine", parent.c_str(), "overlay", 0, options.c_str()) != 0) shadow(parent, staging, name);
  if (directory)
    fs::create_directory(path);
  else
    write_file(target, "");
}

}  // namespace

void enter_new_sandbox(bool no_network) {
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  const int network = no_network ? CLONE_NEWNET : 0;
  if (::unshare(CLONE_NEWNS | network) != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | network) != 0) fail("unshare (neither root nor user namespaces)");
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1");
    write_file("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1");
  }
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) fail("make mounts private");
  if (no_network) loopback_up();
}

void join_sandbox(pid_t holder) {
  std::error_code gone;
  const fs::path directory = fs::current_path(gone);
  join(holder, "user", CLONE_NEWUSER);
  join(holder, "net", CLONE_NEWNET);
  join(holder, "mnt", CLONE_NEWNS);
  if (gone || ::chdir(directory.c_str()) != 0) fs::current_path("/");
}

Staging::Staging() {
  for (const char* candidate : {"/mnt", "/media", "/srv", "/opt", "/var/tmp"})
    if (fs::is_directory(candidate)) {
      path_ = candidate;
      mount_or_fail("fake-machine", path_, "tmpfs", 0, "mode=0755");
      return;
    }
  throw Unavailable("no directory to build a fake machine in");
}

Staging::~Staging() { ::umount2(path_.c_str(), MNT_DETACH); }

void show_at(const std::string& source, const std::string& target, const Staging& staging) {
  if (!fs::exists(target)) make_target(target, fs::is_directory(source), staging);
  mount_or_fail(source.c_str(), target, nullptr, MS_BIND | MS_REC);
}

void kill_all_in_sandbox() {
  const fs::path ours = fs::read_symlink("/proc/self/ns/mnt");
  // Twice over at least: what a process starts between the look and its end is met the next time.
  for (int round = 0; round < 50; ++round) {
    int alive = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
      const std::string name = entry.path().filename();
      pid_t pid = 0;
      if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{} || pid == getpid()) continue;
      std::error_code unreadable;
      if (fs::read_symlink(entry.path() / "ns/mnt", unreadable) != ours || unreadable) continue;
      if (::kill(pid, SIGKILL) == 0) ++alive;
    }
    if (alive == 0 && round > 0) return;
    ::usleep(2'000);
  }
}

}  // namespace impact::fakes
