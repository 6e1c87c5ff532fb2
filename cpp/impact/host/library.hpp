#pragma once
// A Library is a shared library that is loaded at run time. It stays mapped to the end of the process.

#include <string>

#include "impact/core/error.hpp"

namespace impact {

class Library {
 public:
  // Loads it by name ("libnvidia-ml.so.1") or path. The error is absent, with the loader's own words.
  static Result<Library> open(const std::string& name);
  Library(Library&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
  Library& operator=(Library&&) = delete;
  ~Library();

  // Returns nullptr where the library has no such symbol.
  template <class Function>
  Function* symbol(const char* name) const noexcept {
    return reinterpret_cast<Function*>(address(name));
  }

 private:
  explicit Library(void* handle) noexcept : handle_(handle) {}
  void* address(const char* name) const noexcept;
  void* handle_ = nullptr;
};

}  // namespace impact
