#include "worker/networks/diffusion.hpp"

#include <cmath>

namespace impact::worker {

GroupNorm::GroupNorm(const BuildOptions& o, std::int64_t channels, double eps) : eps_(eps) {
  weight_ = register_parameter("weight", constant_parameter(o, {channels}, 1.0));
  bias_ = register_parameter("bias", constant_parameter(o, {channels}, 0.0));
}

std::shared_ptr<Conv> plain_conv(const BuildOptions& o, std::int64_t in, std::int64_t out, std::int64_t kernel,
                                 std::int64_t stride) {
  return std::make_shared<Conv>(o, ConvOptions{.in = in,
                                               .out = out,
                                               .kernel = {kernel, kernel},
                                               .stride = {stride, stride},
                                               .pad = Pad::centred,
                                               .bias = true});
}

DiffusionBlock::DiffusionBlock(const BuildOptions& o, std::int64_t in, std::int64_t out, std::int64_t lead,
                               double eps) {
  norm1_ = register_module("norm1", std::make_shared<GroupNorm>(o, in, eps));
  conv1_ = register_module("conv1", plain_conv(o, in, out));
  if (lead > 0) {
    lead_ = register_module("lead", std::make_shared<Linear>(o, lead, out));
  }
  norm2_ = register_module("norm2", std::make_shared<GroupNorm>(o, out, eps));
  conv2_ = register_module("conv2", plain_conv(o, out, out));
  if (in != out) {
    skip_ = register_module("skip", plain_conv(o, in, out, 1));
  }
}

Tensor DiffusionBlock::forward(const Tensor& x, const Tensor& time) {
  auto y = conv1_->forward(ops::silu(norm1_->forward(x)));
  if (lead_) {
    y = y + lead_->forward(time).unsqueeze(-1).unsqueeze(-1);
  }
  y = conv2_->forward(ops::silu(norm2_->forward(y)));
  return y + (skip_ ? skip_->forward(x) : x);
}

MapAttention::MapAttention(const BuildOptions& o, std::int64_t channels, double eps) {
  norm_ = register_module("norm", std::make_shared<GroupNorm>(o, channels, eps));
  q_ = register_module("q", plain_conv(o, channels, channels, 1));
  k_ = register_module("k", plain_conv(o, channels, channels, 1));
  v_ = register_module("v", plain_conv(o, channels, channels, 1));
  out_ = register_module("out", plain_conv(o, channels, channels, 1));
}

Tensor MapAttention::forward(const Tensor& x) {
  const auto y = norm_->forward(x);
  const auto as_tokens = [](const Tensor& map) { return map.flatten(2).transpose(1, 2).unsqueeze(1); };  // [N,1,HW,C]
  const auto mixed =
      ops::attention(as_tokens(q_->forward(y)), as_tokens(k_->forward(y)), as_tokens(v_->forward(y)), false);
  return x + out_->forward(mixed.squeeze(1).transpose(1, 2).reshape(x.sizes()));
}

TimeEmbedding::TimeEmbedding(const BuildOptions& o, std::int64_t width, std::int64_t lead) : width_(width) {
  first_ = register_module("first", std::make_shared<Linear>(o, width, lead));
  second_ = register_module("second", std::make_shared<Linear>(o, lead, lead));
}

Tensor TimeEmbedding::forward(const Tensor& steps) {
  Tensor waves = torch::empty({steps.size(0), width_}, steps.options());
  if (!steps.is_meta()) {
    const auto half = width_ / 2;
    const auto rates =
        torch::exp(torch::arange(half, steps.options()) * (-std::log(10000.0) / static_cast<double>(half)));
    const auto angles = steps.unsqueeze(1) * rates.unsqueeze(0);
    waves = torch::cat({torch::cos(angles), torch::sin(angles)}, 1);
  }
  return ops::silu(second_->forward(ops::silu(first_->forward(waves))));
}

}  // namespace impact::worker
