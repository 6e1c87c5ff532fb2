#include "worker/networks/blocks.hpp"

#include <algorithm>
#include <cmath>

namespace impact::worker {

Tensor normal_parameter(const BuildOptions& options, std::vector<std::int64_t> shape, double deviation) {
  auto t = torch::empty(shape, options.floats());
  if (!t.is_meta()) {
    t.normal_(0.0, deviation);
  }
  return t;
}

Tensor constant_parameter(const BuildOptions& options, std::vector<std::int64_t> shape, double value) {
  auto t = torch::empty(shape, options.floats());
  return t.is_meta() ? t : t.fill_(value);
}

Tensor activate(Tensor x, Act act) {
  if (x.is_meta()) {
    return x;
  }
  switch (act) {
    case Act::none: return x;
    case Act::relu: return torch::relu_(x);
    case Act::relu6:
      // hardtanh is the quicker one, but had no gradient in bf16 on CPUs before torch 2.
      return x.scalar_type() == torch::kFloat32 ? torch::hardtanh_(x, 0, 6) : torch::clamp_(x, 0, 6);
    case Act::leaky_relu: return torch::leaky_relu(x, 0.2);
    case Act::tanh: return torch::tanh(x);
    case Act::sigmoid: return torch::sigmoid(x);
  }
  return x;
}

Tensor batch_normalised(BatchNorm mode, bool training, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Tensor& mean, const Tensor& variance, double eps) {
  constexpr double kMomentum = 0.1;
  if (mode == BatchNorm::current && !training) {
    return ops::batch_norm(x, weight, bias, {}, {}, true, kMomentum, eps);
  }
  return ops::batch_norm(x, weight, bias, mean, variance, training && mode != BatchNorm::frozen, kMomentum, eps);
}

NormLayer::NormLayer(const BuildOptions& options, std::int64_t channels, NormOptions norm)
    : norm_(norm), statistics_(norm.kind == Norm::batch_constant ? BatchNorm::frozen : options.batch_norm) {
  const std::vector<std::int64_t> shape{channels};
  const bool instance = norm.kind == Norm::instance || norm.kind == Norm::instance_plain;
  if (norm.kind == Norm::batch || norm.kind == Norm::instance) {
    weight_ = register_parameter("weight", constant_parameter(options, shape, 1.0));
  }
  if (norm.kind == Norm::batch || norm.kind == Norm::instance || norm.kind == Norm::batch_no_scale) {
    bias_ = register_parameter("bias", constant_parameter(options, shape, 0.0));
  }
  if (norm.kind == Norm::batch_constant) {
    weight_ = register_buffer("weight", constant_parameter(options, shape, 1.0));
    bias_ = register_buffer("bias", constant_parameter(options, shape, 0.0));
  }
  if (!instance) {
    mean_ = register_buffer("running_mean", constant_parameter(options, shape, 0.0));
    variance_ = register_buffer("running_var", constant_parameter(options, shape, 1.0));
  }
}

Tensor NormLayer::forward(const Tensor& x) {
  if (norm_.kind == Norm::instance || norm_.kind == Norm::instance_plain) {
    return ops::instance_norm(x, weight_, bias_, norm_.eps);
  }
  return batch_normalised(statistics_, is_training(), x, weight_, bias_, mean_, variance_, norm_.eps);
}

Conv::Conv(const BuildOptions& options, const ConvOptions& conv)
    : geometry_{conv.stride, conv.dilation, conv.pad, conv.groups}, act_(conv.act) {
  const auto fan_in = static_cast<double>(conv.in / conv.groups * conv.kernel[0] * conv.kernel[1]);
  const double gain = conv.act == Act::relu || conv.act == Act::relu6 || conv.act == Act::leaky_relu ? 2.0 : 1.0;
  weight_ = register_parameter(
      "weight", normal_parameter(options, {conv.out, conv.in / conv.groups, conv.kernel[0], conv.kernel[1]},
                                 std::sqrt(gain / fan_in)));
  if (conv.bias) {
    bias_ = register_parameter("bias", constant_parameter(options, {conv.out}, 0.0));
  }
  if (conv.norm.kind != Norm::none) {
    norm_ = register_module("norm", std::make_shared<NormLayer>(options, conv.out, conv.norm));
  }
}

Tensor Conv::forward(const Tensor& x) {
  auto y = ops::conv2d(x, weight_, bias_, geometry_);
  if (norm_) {
    y = norm_->forward(y);
  }
  return activate(y, act_);
}

UpConv::UpConv(const BuildOptions& options, std::int64_t in, std::int64_t out, std::int64_t scale, std::int64_t spatial,
               bool bias)
    : scale_(scale) {
  std::vector<std::int64_t> shape{in, out};
  shape.insert(shape.end(), static_cast<std::size_t>(spatial), scale);
  weight_ = register_parameter("weight", normal_parameter(options, shape, std::sqrt(2.0 / static_cast<double>(in))));
  if (bias) {
    bias_ = register_parameter("bias", constant_parameter(options, {out}, 0.0));
  }
}

Linear::Linear(const BuildOptions& options, std::int64_t in, std::int64_t out, bool bias) {
  weight_ =
      register_parameter("weight", normal_parameter(options, {out, in}, std::sqrt(1.0 / static_cast<double>(in))));
  if (bias) {
    bias_ = register_parameter("bias", constant_parameter(options, {out}, 0.0));
  }
}

void Chain::add(LayerPtr layer) {
  layers_.push_back(register_module(std::to_string(layers_.size()), std::move(layer)));
}

Tensor Chain::forward(const Tensor& x) {
  auto y = x;
  for (const auto& layer : layers_) {
    y = layer->forward(y);
  }
  return y;
}

void Branches::add(LayerPtr layer) {
  layers_.push_back(register_module(std::to_string(layers_.size()), std::move(layer)));
}

Tensor Branches::forward(const Tensor& x) {
  std::vector<Tensor> parts;
  parts.reserve(layers_.size());
  for (const auto& layer : layers_) {
    parts.push_back(layer->forward(x));
  }
  return torch::cat(parts, 1);
}

LayerPtr max_pool(Pair kernel, Pair stride, Pad pad) {
  return std::make_shared<Apply>([=](const Tensor& x) { return ops::max_pool(x, kernel, stride, pad); });
}

LayerPtr avg_pool_at_most(Pair kernel, Pair stride) {
  return std::make_shared<Apply>([=](const Tensor& x) {
    return ops::avg_pool(x, {std::min(kernel[0], x.size(2)), std::min(kernel[1], x.size(3))}, stride, Pad::valid);
  });
}

LayerPtr avg_pool(Pair kernel, Pair stride, Pad pad) {
  return std::make_shared<Apply>([=](const Tensor& x) { return ops::avg_pool(x, kernel, stride, pad); });
}

}  // namespace impact::worker
