#include "worker/blas.hpp"

#include <gtest/gtest.h>

namespace impact::worker::blas {
namespace {

using Kernels = std::optional<std::string>;

TEST(Blas, AnOpenBlasThatDoesNotKnowTheProcessorIsToldItsKernels) {
  EXPECT_EQ(better_kernels("Prescott", {.avx2 = true, .avx512 = true}), Kernels("SkylakeX"));
  EXPECT_EQ(better_kernels("Prescott", {.avx2 = true, .avx512 = false}), Kernels("Haswell"));
  EXPECT_EQ(better_kernels("Sandybridge", {.avx2 = true, .avx512 = false}), Kernels("Haswell"));
}

TEST(Blas, WhatFitsStays) {
  EXPECT_EQ(better_kernels("Prescott", {}), std::nullopt);  // a processor as old as its kernels
  for (const auto* chosen :
       {"Haswell", "SkylakeX", "Cooperlake", "SapphireRapids", "Zen", "Excavator", "", "unheard"}) {
    EXPECT_EQ(better_kernels(chosen, {.avx2 = true, .avx512 = true}), std::nullopt) << chosen;
  }
}

TEST(Blas, TheLibraryTellsItsKernels) {
  const auto name = openblas();
  if (name) {
    EXPECT_EQ(name->rfind("OpenBLAS ", 0), 0U) << *name;
    EXPECT_EQ(name->back(), ')') << *name;
  }
  set_threads(1);
}

}  // namespace
}  // namespace impact::worker::blas
