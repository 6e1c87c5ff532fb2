// This file holds what the diffusion networks share: residual blocks that a time step leads, and attention over the
// places of a map.
#pragma once

#include "worker/networks/blocks.hpp"

namespace impact::worker {

class GroupNorm final : public Layer {
 public:
  GroupNorm(const BuildOptions& o, std::int64_t channels, double eps);
  Tensor forward(const Tensor& x) override { return ops::group_norm(x, 32, weight_, bias_, eps_); }

 private:
  double eps_;
  Tensor weight_, bias_;
};

// Is a convolution with an odd kernel (3 x 3 unless told), with bias and nothing after it.
std::shared_ptr<Conv> plain_conv(const BuildOptions& o, std::int64_t in, std::int64_t out, std::int64_t kernel = 3,
                                 std::int64_t stride = 1);

// Computes conv(silu(norm(x))) twice and adds the time step's vector in between; lead = 0 means that there is none.
class DiffusionBlock final : public torch::nn::Module {
 public:
  DiffusionBlock(const BuildOptions& o, std::int64_t in, std::int64_t out, std::int64_t lead, double eps);
  // The time is [N,lead], and silu has been applied to it already.
  Tensor forward(const Tensor& x, const Tensor& time = {});

 private:
  std::shared_ptr<GroupNorm> norm1_, norm2_;
  std::shared_ptr<Conv> conv1_, conv2_, skip_;
  std::shared_ptr<Linear> lead_;
};

// Attends with one head over all places of a map and adds the result to the input; its products are 1 x 1 convolutions.
class MapAttention final : public Layer {
 public:
  MapAttention(const BuildOptions& o, std::int64_t channels, double eps);
  Tensor forward(const Tensor& x) override;

 private:
  std::shared_ptr<GroupNorm> norm_;
  std::shared_ptr<Conv> q_, k_, v_, out_;
};

// Makes sines and cosines [N,width] of the time steps [N]; two layers follow, with silu between and after them.
class TimeEmbedding final : public torch::nn::Module {
 public:
  TimeEmbedding(const BuildOptions& o, std::int64_t width, std::int64_t lead);
  Tensor forward(const Tensor& steps);

 private:
  std::int64_t width_;
  std::shared_ptr<Linear> first_, second_;
};

inline Tensor twice_as_large(const Tensor& x) { return ops::resize_nearest(x, {2 * x.size(2), 2 * x.size(3)}); }

}  // namespace impact::worker
