// A machine's tree as plain files, its counters rewritten on a fixed beat: a read costs what it costs in sysfs (FUSE:
// 100 times that).
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "fakes/powercap/layout.hpp"

namespace impact::fakes {

/// Writes the tree under root (which stands for /sys); nothing may be there yet.
/// Faults (EIO, slow, deny, vanish) are not shown: plain files cannot fail.
void write_tree(const Machine& machine, const std::string& root);

class FileWriter {
 public:
  /// Writes the tree, then rewrites each energy_uj every interval_ns until it is destroyed.
  FileWriter(const Machine& machine, const std::string& root, std::int64_t interval_ns);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

 private:
  struct Counter {
    const Zone* zone;
    int fd;
    std::size_t length;
  };
  void rewrite(const Machine& machine);

  std::vector<Counter> counters_;
  std::jthread thread_;
};

}  // namespace impact::fakes
