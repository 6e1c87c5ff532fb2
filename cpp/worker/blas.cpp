#include "worker/blas.hpp"

#include "worker/process.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace impact::worker::blas {
namespace {

// Finds a function of a library of this process; null if none has it. torch may as well bring its own (MKL).
template <class Function>
Function* loaded(const char* name) {
  return reinterpret_cast<Function*>(process::library_function(name));
}

std::string kernels_chosen() {
  const auto corename = loaded<char*()>("openblas_get_corename");
  return corename != nullptr ? corename() : "";
}

// Lists OpenBLAS' names of kernels without AVX2.
constexpr std::array<std::string_view, 17> kWithoutAvx2{
    "Katmai", "Coppermine",   "Northwood", "Prescott", "Banias",    "Atom",   "Core2",       "Penryn", "Dunnington",
    "Nano",   "Opteron_SSE3", "Opteron",   "Nehalem",  "Barcelona", "Bobcat", "Sandybridge", "Generic"};

}  // namespace

Vectors vectors_here() {
#if defined(__x86_64__)
  // The compiler's own look at the processor asks as well whether the system saves these registers.
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  const bool avx512 = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512cd") != 0 &&
                      __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
                      __builtin_cpu_supports("avx512vl") != 0;
  return {avx2, avx2 && avx512};
#else
  return {};
#endif
}

std::optional<std::string> better_kernels(const std::string& chosen, Vectors can) {
  if (!can.avx2 || std::find(kWithoutAvx2.begin(), kWithoutAvx2.end(), chosen) == kWithoutAvx2.end()) {
    return std::nullopt;
  }
  return can.avx512 ? "SkylakeX" : "Haswell";
}

std::optional<std::string> better_kernels() { return better_kernels(kernels_chosen(), vectors_here()); }

std::optional<std::string> openblas() {
  const auto config = loaded<char*()>("openblas_get_config");
  if (config == nullptr) {
    return std::nullopt;
  }
  std::istringstream words(config());  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …"
  std::string name, version;
  words >> name >> version;
  return name + " " + version + " (" + kernels_chosen() + ")";
}

void set_threads(int threads) {
  constexpr int kOwnThreads = 1;  // 0 means none, and 2 those of OpenMP, which torch sets
  const auto parallel = loaded<int()>("openblas_get_parallel");
  const auto set = loaded<void(int)>("openblas_set_num_threads");
  if (parallel != nullptr && set != nullptr && parallel() == kOwnThreads) {
    set(threads);
  }
}

}  // namespace impact::worker::blas
