// The library of matrix products behind torch: which it is, which kernels it took, how many threads it uses.
#pragma once

#include <optional>
#include <string>

namespace impact::worker::blas {

// What a processor can do, as far as kernels differ by it.
struct Vectors {
  bool avx2 = false;    // with fused multiply-add
  bool avx512 = false;  // with the F, CD, BW, DQ and VL parts
};
[[nodiscard]] Vectors vectors_here();

// The kernels that an OpenBLAS should be told to use (OPENBLAS_CORETYPE): one older than the processor does not know its
// model and falls back to kernels of SSE3, several times slower. Nothing if what it has `chosen` fits.
[[nodiscard]] std::optional<std::string> better_kernels(const std::string& chosen, Vectors can);
// The same for the OpenBLAS of this process; nothing if there is none.
[[nodiscard]] std::optional<std::string> better_kernels();

// "OpenBLAS 0.3.21 (SkylakeX)"; nothing if the library is another.
[[nodiscard]] std::optional<std::string> openblas();
// An OpenBLAS with threads of its own does not follow torch's number.
void set_threads(int threads);

}  // namespace impact::worker::blas
