// Tells which library of matrix products is behind torch, which kernels it took and how many threads it uses.
#pragma once

#include <optional>
#include <string>

namespace impact::worker::blas {

// Says what a processor can do, as far as kernels differ by it.
struct Vectors {
  bool avx2 = false;    // comes with fused multiply-add
  bool avx512 = false;  // has the F, CD, BW, DQ and VL parts
};
[[nodiscard]] Vectors vectors_here();

// Names the kernels that an OpenBLAS should use (OPENBLAS_CORETYPE): one older than the processor does not know its
// model and takes kernels of SSE3, several times slower. Returns nothing if what it has `chosen` fits.
[[nodiscard]] std::optional<std::string> better_kernels(const std::string& chosen, Vectors can);
// Does the same for the OpenBLAS of this process; returns nothing if there is none.
[[nodiscard]] std::optional<std::string> better_kernels();

// Returns "OpenBLAS 0.3.21 (SkylakeX)", say, and nothing if the library is another.
[[nodiscard]] std::optional<std::string> openblas();
// An OpenBLAS with threads of its own does not follow torch's number.
void set_threads(int threads);

}  // namespace impact::worker::blas
