// Shows a machine's tree over FUSE. Every read is answered at that moment (direct_io: the kernel keeps nothing),
// several at once.
#pragma once

#include <memory>
#include <string>

#include "fakes/powercap/machine.hpp"

namespace impact::fakes {

class FuseServer {
 public:
  /// Mounts at directory. Throws Unavailable where FUSE cannot be used.
  FuseServer(Machine& machine, const std::string& directory);
  ~FuseServer();
  FuseServer(const FuseServer&) = delete;
  FuseServer& operator=(const FuseServer&) = delete;

  /// Serves until the file system is unmounted.
  void serve();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace impact::fakes
