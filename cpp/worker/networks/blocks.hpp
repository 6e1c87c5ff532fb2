// This file holds what the networks share: a convolution with what follows it, heads and chains. Maps are padded as
// TensorFlow pads them unless a comment says otherwise.
#pragma once

#include "worker/networks/network.hpp"
#include "worker/ops.hpp"

#include <memory>
#include <string>
#include <utility>

namespace impact::worker {

using ops::Pad;
using ops::Pair;

// Is a network that has one input, an image.
class ImageNetwork : public Network {
 public:
  Tensor forward(const Tensors& in) final { return run(in.at(0)); }

 protected:
  virtual Tensor run(const Tensor& x) = 0;
};

// Is one step of a network: it makes a tensor of a tensor.
class Layer : public torch::nn::Module {
 public:
  virtual Tensor forward(const Tensor& x) = 0;
};
using LayerPtr = std::shared_ptr<Layer>;

enum class Norm {
  none,
  batch,           // scale and shift
  batch_no_scale,  // shift alone, as slim's Inception
  batch_constant,  // scale and shift that are never trained, and so are no parameters
  instance,        // scale and shift, statistics of each image
  instance_plain,  // neither
};
enum class Act { none, relu, relu6, leaky_relu, tanh, sigmoid };

// These make a new parameter: its values are drawn from a normal distribution of this deviation, or are all one value.
Tensor normal_parameter(const BuildOptions& options, std::vector<std::int64_t> shape, double deviation);
Tensor constant_parameter(const BuildOptions& options, std::vector<std::int64_t> shape, double value);

struct NormOptions {
  Norm kind = Norm::none;
  double eps = 1e-3;
};

class NormLayer final : public Layer {
 public:
  NormLayer(const BuildOptions& options, std::int64_t channels, NormOptions norm);
  Tensor forward(const Tensor& x) override;

 private:
  NormOptions norm_;
  BatchNorm statistics_;
  Tensor weight_, bias_, mean_, variance_;
};

struct ConvOptions {
  std::int64_t in = 0;
  std::int64_t out = 0;
  Pair kernel{1, 1};
  Pair stride{1, 1};
  Pair dilation{1, 1};
  Pad pad = Pad::same;
  std::int64_t groups = 1;
  bool bias = false;
  NormOptions norm{};
  Act act = Act::none;
};

// Applies a convolution, a normalisation and an activation, in this order.
class Conv final : public Layer {
 public:
  Conv(const BuildOptions& options, const ConvOptions& conv);
  Tensor forward(const Tensor& x) override;

 private:
  ops::Geometry geometry_;
  Act act_;
  Tensor weight_, bias_;
  std::shared_ptr<NormLayer> norm_;
};

// Is a transposed convolution with bias, whose kernel is as large as its stride.
class UpConv final : public Layer {
 public:
  UpConv(const BuildOptions& options, std::int64_t in, std::int64_t out, std::int64_t scale, std::int64_t spatial = 2,
         bool bias = true);
  Tensor forward(const Tensor& x) override { return ops::conv_transpose(x, weight_, bias_, scale_); }

 private:
  std::int64_t scale_;
  Tensor weight_, bias_;
};

class Linear final : public Layer {
 public:
  Linear(const BuildOptions& options, std::int64_t in, std::int64_t out, bool bias = true);
  Tensor forward(const Tensor& x) override { return ops::linear(x, weight_, bias_); }

 private:
  Tensor weight_, bias_;
};

// Applies its layers one after the other.
class Chain final : public Layer {
 public:
  void add(LayerPtr layer);
  Tensor forward(const Tensor& x) override;

 private:
  std::vector<LayerPtr> layers_;
};

// Applies its layers side by side to one input and joins their outputs along the channels.
class Branches final : public Layer {
 public:
  void add(LayerPtr layer);
  Tensor forward(const Tensor& x) override;

 private:
  std::vector<LayerPtr> layers_;
};

// Makes a function a layer; it has no parameters.
class Apply final : public Layer {
 public:
  explicit Apply(std::function<Tensor(const Tensor&)> function) : function_(std::move(function)) {}
  Tensor forward(const Tensor& x) override { return function_(x); }

 private:
  std::function<Tensor(const Tensor&)> function_;
};

LayerPtr max_pool(Pair kernel, Pair stride, Pad pad);
LayerPtr avg_pool(Pair kernel, Pair stride, Pad pad);

// Makes the Conv layers of one network, so that a call only says what differs from the others.
class ConvMaker {
 public:
  ConvMaker(const BuildOptions& options, NormOptions norm, Act act, bool bias = false)
      : options_(options), norm_(norm), act_(act), bias_(bias) {}
  std::shared_ptr<Conv> operator()(std::int64_t in, std::int64_t out, Pair kernel = {1, 1}, Pair stride = {1, 1},
                                   Pad pad = Pad::same, std::int64_t dilation = 1) const {
    return std::make_shared<Conv>(options_, ConvOptions{.in = in,
                                                        .out = out,
                                                        .kernel = kernel,
                                                        .stride = stride,
                                                        .dilation = {dilation, dilation},
                                                        .pad = pad,
                                                        .bias = bias_,
                                                        .norm = norm_,
                                                        .act = act_});
  }

 private:
  const BuildOptions& options_;
  NormOptions norm_;
  Act act_;
  bool bias_;
};

// Pools means. Where the map is smaller than the original's, the kernel shrinks to the map.
LayerPtr avg_pool_at_most(Pair kernel, Pair stride);

// Applies the activation, in place where that is possible: nobody else may use x.
Tensor activate(Tensor x, Act act);
// Normalises by the statistics that the mode names. Only training with the batch's own moves the mean and variance.
Tensor batch_normalised(BatchNorm mode, bool training, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Tensor& mean, const Tensor& variance, double eps);

template <class... L>
std::shared_ptr<Chain> chain(const L&... layers) {
  auto all = std::make_shared<Chain>();
  (all->add(layers), ...);
  return all;
}
template <class... L>
std::shared_ptr<Branches> branches(const L&... layers) {
  auto all = std::make_shared<Branches>();
  (all->add(layers), ...);
  return all;
}

// Makes [N,C] of [N,C,1,1].
inline Tensor flat(const Tensor& x) { return x.flatten(1); }

}  // namespace impact::worker
