#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#include <system_error>

#include "impact/host/library.hpp"

namespace impact {

Result<Library> Library::open(const std::string& name) {
  const HMODULE handle = LoadLibraryA(name.c_str());
  if (handle == nullptr) {
    const auto code = static_cast<int>(GetLastError());
    return Error{ErrorKind::absent, name + ": " + std::system_category().message(code), ""};
  }
  return Library{handle};
}

Library::~Library() = default;  // it stays mapped to the end of the process

void* Library::address(const char* name) const noexcept {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(handle_), name));
}

}  // namespace impact
