#include "impact/host/library.hpp"

#include <dlfcn.h>

namespace impact {

Result<Library> Library::open(const std::string& name) {
  // Vendors' libraries leave threads and exit handlers behind that point into them: they are never unmapped.
  void* handle = dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) {
    const char* why = dlerror();  // NOLINT(concurrency-mt-unsafe): glibc and musl keep it by thread
    return Error{ErrorKind::absent, why != nullptr ? why : name + " cannot be loaded", ""};
  }
  return Library{handle};
}

Library::~Library() {
  if (handle_ != nullptr) dlclose(handle_);
}

void* Library::address(const char* name) const noexcept { return dlsym(handle_, name); }

}  // namespace impact
