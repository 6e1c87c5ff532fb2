#define FUSE_USE_VERSION 35
#include "fakes/powercap/fuse_server.hpp"

#include <fuse_lowlevel.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "fakes/powercap/layout.hpp"
#include "fakes/powercap/sandbox.hpp"

namespace impact::fakes {

namespace {

/// An open file: as in sysfs, a read at offset 0 makes the text anew, a later one goes on in it.
struct OpenFile {
  std::mutex mutex;
  std::string text;
};

struct Context {
  Machine& machine;
  std::vector<Node> nodes;
  fuse_session* session = nullptr;
};

constexpr double kForever = 1e9;

Context& context(fuse_req_t request) { return *static_cast<Context*>(fuse_req_userdata(request)); }

const Node& node_of(fuse_req_t request, fuse_ino_t inode) { return context(request).nodes[inode - 1]; }

struct stat attributes_of(const Node& node, fuse_ino_t inode) {
  struct stat attributes{};
  attributes.st_ino = inode;
  attributes.st_uid = 0;
  attributes.st_gid = 0;
  attributes.st_nlink = node.kind == Node::Kind::directory ? 2 : 1;
  const unsigned type = node.kind == Node::Kind::directory ? S_IFDIR
                        : node.kind == Node::Kind::link    ? S_IFLNK
                                                           : S_IFREG;
  attributes.st_mode = type | node.mode;
  // sysfs says 4096 for every attribute; a tool that trusts st_size must meet that here too.
  attributes.st_size = type == S_IFREG ? 4096 : type == S_IFLNK ? static_cast<off_t>(node.text.size()) : 0;
  return attributes;
}

void lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  Context& here = context(request);
  for (const std::size_t child : here.nodes[parent - 1].children) {
    const Node& node = here.nodes[child];
    if (node.name != name || (node.zone && node.zone->vanished())) continue;
    fuse_entry_param entry{};
    entry.ino = child + 1;
    entry.attr = attributes_of(node, entry.ino);
    entry.attr_timeout = entry.entry_timeout = kForever;
    fuse_reply_entry(request, &entry);
    return;
  }
  fuse_reply_err(request, ENOENT);
}

void getattr(fuse_req_t request, fuse_ino_t inode, fuse_file_info*) {
  const struct stat attributes = attributes_of(node_of(request, inode), inode);
  fuse_reply_attr(request, &attributes, kForever);
}

// "echo x > .control" truncates first.
void setattr(fuse_req_t request, fuse_ino_t inode, struct stat*, int, fuse_file_info* info) {
  getattr(request, inode, info);
}

void readlink(fuse_req_t request, fuse_ino_t inode) {
  fuse_reply_readlink(request, node_of(request, inode).text.c_str());
}

void open(fuse_req_t request, fuse_ino_t inode, fuse_file_info* info) {
  const Node& node = node_of(request, inode);
  if (const int error = node.kind == Node::Kind::attribute ? node.zone->open(node.name) : 0; error != 0) {
    fuse_reply_err(request, error);
    return;
  }
  info->direct_io = 1;
  auto* file = new OpenFile;
  info->fh = reinterpret_cast<std::uint64_t>(file);
  if (fuse_reply_open(request, info) == -ENOENT) delete file;  // the open was interrupted: no release will come
}

Zone::Answer content(const Context& here, const Node& node) {
  switch (node.kind) {
    case Node::Kind::attribute: return node.zone->read(node.name, here.machine.epoch_ns());
    case Node::Kind::fixed: return {0, node.text};
    case Node::Kind::truth: return {0, here.machine.truth()};
    case Node::Kind::log: return {0, here.machine.log()};
    default: return {EINVAL, {}};
  }
}

/// As the msr driver: the offset is the register, the size a multiple of 8, what it has not is EIO.
void read_register(fuse_req_t request, int cpu, std::size_t size, std::uint64_t number) {
  const auto value = context(request).machine.register_value(cpu, number);
  if (size % 8 != 0 || size == 0 || !value) {
    fuse_reply_err(request, value ? EINVAL : EIO);
    return;
  }
  fuse_reply_buf(request, reinterpret_cast<const char*>(&*value), sizeof *value);
}

void read(fuse_req_t request, fuse_ino_t inode, std::size_t size, off_t offset, fuse_file_info* info) {
  if (const Node& node = node_of(request, inode); node.kind == Node::Kind::registers) {
    read_register(request, node.cpu, size, static_cast<std::uint64_t>(offset));
    return;
  }
  auto& file = *reinterpret_cast<OpenFile*>(info->fh);
  const std::size_t from = static_cast<std::size_t>(offset);
  std::string text;
  if (from == 0) {
    Zone::Answer answer = content(context(request), node_of(request, inode));
    if (answer.error != 0) {
      fuse_reply_err(request, answer.error);
      return;
    }
    const std::lock_guard lock(file.mutex);
    file.text = text = std::move(answer.text);
  } else {
    const std::lock_guard lock(file.mutex);
    text = file.text;
  }
  const std::size_t begin = std::min(from, text.size());
  fuse_reply_buf(request, text.data() + begin, std::min(size, text.size() - begin));
}

/// A zone comes or goes: the kernel forgets what it has cached of its names.
void forget_names(Context& here) {
  for (const Node& node : here.nodes)
    if (node.zone && node.kind != Node::Kind::attribute)
      fuse_lowlevel_notify_inval_entry(here.session, node.parent + 1, node.name.c_str(), node.name.size());
}

void write(fuse_req_t request, fuse_ino_t inode, const char* data, std::size_t size, off_t, fuse_file_info*) {
  Context& here = context(request);
  if (here.nodes[inode - 1].kind != Node::Kind::control) {
    fuse_reply_err(request, EPERM);  // limits can be looked at, never set
    return;
  }
  bool understood = false;
  try {
    understood = !here.machine.control({data, size}).has_value();
  } catch (const std::invalid_argument&) {}
  if (!understood) {
    fuse_reply_err(request, EINVAL);
    return;
  }
  forget_names(here);  // other names' dentries than the file now written: no deadlock
  fuse_reply_write(request, size);
}

void release(fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
  delete reinterpret_cast<OpenFile*>(info->fh);
  fuse_reply_err(request, 0);
}

// One answer ENOSYS, and the kernel never asks again: a close costs no round trip.
void flush(fuse_req_t request, fuse_ino_t, fuse_file_info*) { fuse_reply_err(request, ENOSYS); }

void readdir(fuse_req_t request, fuse_ino_t inode, std::size_t size, off_t offset, fuse_file_info*) {
  const Context& here = context(request);
  const Node& directory = here.nodes[inode - 1];
  std::vector<std::pair<std::string, std::size_t>> entries{{".", inode - 1}, {"..", directory.parent}};
  for (const std::size_t child : directory.children) {
    const Node& node = here.nodes[child];
    if (!node.hidden && !(node.zone && node.zone->vanished())) entries.emplace_back(node.name, child);
  }
  std::string buffer(size, '\0');
  std::size_t used = 0;
  for (auto i = static_cast<std::size_t>(offset); i < entries.size(); ++i) {
    const struct stat attributes = attributes_of(here.nodes[entries[i].second], entries[i].second + 1);
    const std::size_t needed = fuse_add_direntry(request, buffer.data() + used, size - used, entries[i].first.c_str(),
                                                 &attributes, static_cast<off_t>(i + 1));
    if (needed > size - used) break;
    used += needed;
  }
  fuse_reply_buf(request, buffer.data(), used);
}

fuse_lowlevel_ops operations() {
  fuse_lowlevel_ops calls{};
  calls.lookup = lookup;
  calls.getattr = getattr;
  calls.setattr = setattr;
  calls.readlink = readlink;
  calls.open = open;
  calls.read = read;
  calls.write = write;
  calls.flush = flush;
  calls.release = release;
  calls.readdir = readdir;
  return calls;
}

}  // namespace

struct FuseServer::State : Context {
  bool mounted = false;
};

FuseServer::FuseServer(Machine& machine, const std::string& directory)
    : state_{new State{{machine, powercap_layout(machine)}}} {
  const fuse_lowlevel_ops calls = operations();
  std::vector<std::string> words{"fake-powercap", "-o", "fsname=fake-powercap,subtype=powercap,default_permissions"};
  if (geteuid() == 0) words.back() += ",allow_other";
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  fuse_args arguments = FUSE_ARGS_INIT(static_cast<int>(pointers.size()), pointers.data());
  Context* context = state_.get();
  state_->session = fuse_session_new(&arguments, &calls, sizeof calls, context);
  fuse_opt_free_args(&arguments);
  if (state_->session == nullptr) throw Unavailable("FUSE: no session");
  if (fuse_session_mount(state_->session, directory.c_str()) != 0)
    throw Unavailable("FUSE: cannot mount at " + directory + " (is /dev/fuse there and may it be opened?)");
  state_->mounted = true;
}

FuseServer::~FuseServer() {
  if (state_->session == nullptr) return;
  if (state_->mounted) fuse_session_unmount(state_->session);
  fuse_session_destroy(state_->session);
}

void FuseServer::serve() {
  fuse_loop_config loop{};
  loop.clone_fd = 0;
  loop.max_idle_threads = 4;
  fuse_session_loop_mt(state_->session, &loop);
}

}  // namespace impact::fakes
