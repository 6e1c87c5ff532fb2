// This file holds what the three Inception networks share, as TF-slim reads them: convolutions whose batch
// normalisation only shifts.
#pragma once

#include "worker/networks/blocks.hpp"

namespace impact::worker {

// Pools 3 x 3 places with stride 2 and without padding: every Inception shrinks its maps so.
inline constexpr Pair kThree{3, 3};
inline constexpr Pair kTwice{2, 2};

inline ConvMaker inception_conv(const BuildOptions& o) { return {o, {Norm::batch_no_scale, 1e-3}, Act::relu}; }
inline LayerPtr inception_shrink() { return max_pool(kThree, kTwice, Pad::valid); }
inline LayerPtr inception_mean() { return avg_pool(kThree, {1, 1}, Pad::same); }

// Makes the spec of a classification network of TF-slim, with 1001 classes at 346 x 346.
NetworkSpec inception_spec(std::string name, std::string title, std::string reference);

}  // namespace impact::worker
