// This file holds what those networks share that turn an image into an image of the same size.
#pragma once

#include "worker/networks/blocks.hpp"

namespace impact::worker {

// Images of 0 to 255 come in and go out; the default size is that of the benchmark's training.
inline NetworkSpec enhancement_spec(std::string name, std::string title, std::string reference, std::int64_t side) {
  NetworkSpec s;
  s.name = std::move(name);
  s.title = std::move(title);
  s.task = "enhancement";
  s.reference = std::move(reference);
  s.input = {3, side, side};
  s.range = {0.0, 255.0, false};
  return s;
}

// Moves and stretches tanh to 0 … 255 and a little beyond: SRCNN, DPED and U-Net of the benchmark end so.
inline Tensor stretched_tanh(const Tensor& x) { return (torch::tanh(x) * 0.58 + 0.5) * 255.0; }

}  // namespace impact::worker
