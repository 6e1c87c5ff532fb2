// This is the generator of SPADE (arXiv 1903.07291) as AI Benchmark has it: led by an image, it makes 128 x 128 places
// of a random vector.
// Spectral normalisation runs its power iteration in every pass, as the graph does; its 0.2 G multiply-adds are not
// counted.
#include "worker/networks/blocks.hpp"

#include <cmath>

namespace impact::worker {
namespace {

using Width = std::int64_t;

// Is a convolution whose weight is divided by its largest singular value.
class SpectralConv final : public Layer {
 public:
  SpectralConv(const BuildOptions& o, Width in, Width out, Width kernel, bool bias) {
    weight_ = register_parameter(
        "weight",
        normal_parameter(o, {out, in, kernel, kernel}, std::sqrt(1.0 / static_cast<double>(in * kernel * kernel))));
    if (bias) {
      bias_ = register_parameter("bias", constant_parameter(o, {out}, 0.0));
    }
    u_ = register_buffer("u", normal_parameter(o, {out}, 1.0));
  }
  Tensor forward(const Tensor& x) override {
    const auto w = x.is_meta() ? weight_ : weight_ / singular_value();
    return ops::conv2d(x, w, bias_, {.pad = Pad::centred});
  }

 private:
  Tensor singular_value() {
    const auto flat_weight = weight_.flatten(1);
    Tensor u;
    Tensor v;
    {
      const torch::NoGradGuard no_gradients;
      v = unit(torch::mv(flat_weight.t(), u_));
      u = unit(torch::mv(flat_weight, v));
      if (is_training()) {
        u_.copy_(u);
      }
    }
    return torch::dot(u, torch::mv(flat_weight, v));
  }
  static Tensor unit(const Tensor& x) { return x / (x.norm() + 1e-12); }
  Tensor weight_, bias_, u_;
};

// Normalises each image by a scale and a shift that are computed from the leading image.
class SpadeNorm final : public torch::nn::Module {
 public:
  SpadeNorm(const BuildOptions& o, Width channels)
      : plain_(std::make_shared<NormLayer>(o, channels, NormOptions{Norm::instance_plain, 1e-5})) {
    const auto conv = [&](Width in, Width out, Act act) {
      return std::make_shared<Conv>(
          o, ConvOptions{.in = in, .out = out, .kernel = {5, 5}, .pad = Pad::centred, .bias = true, .act = act});
    };
    shared_ = register_module("shared", conv(3, 128, Act::relu));
    gamma_ = register_module("gamma", conv(128, channels, Act::none));
    beta_ = register_module("beta", conv(128, channels, Act::none));
  }
  Tensor forward(const Tensor& x, const Tensor& image) {
    const auto lead = shared_->forward(ops::resize_nearest(image, {x.size(2), x.size(3)}));
    return plain_->forward(x) * (gamma_->forward(lead) + 1.0) + beta_->forward(lead);
  }

 private:
  std::shared_ptr<NormLayer> plain_;
  std::shared_ptr<Conv> shared_, gamma_, beta_;
};

class SpadeBlock final : public torch::nn::Module {
 public:
  SpadeBlock(const BuildOptions& o, Width in, Width out) {
    const auto mid = std::min(in, out);
    norm1_ = register_module("norm1", std::make_shared<SpadeNorm>(o, in));
    conv1_ = register_module("conv1", std::make_shared<SpectralConv>(o, in, mid, 3, true));
    norm2_ = register_module("norm2", std::make_shared<SpadeNorm>(o, mid));
    conv2_ = register_module("conv2", std::make_shared<SpectralConv>(o, mid, out, 3, true));
    if (in != out) {
      norm_skip_ = register_module("norm_skip", std::make_shared<SpadeNorm>(o, in));
      conv_skip_ = register_module("conv_skip", std::make_shared<SpectralConv>(o, in, out, 1, false));
    }
  }
  Tensor forward(const Tensor& x, const Tensor& image) {
    auto y = conv1_->forward(ops::leaky_relu(norm1_->forward(x, image), 0.2));
    y = conv2_->forward(ops::leaky_relu(norm2_->forward(y, image), 0.2));
    return y + (conv_skip_ ? conv_skip_->forward(norm_skip_->forward(x, image)) : x);
  }

 private:
  std::shared_ptr<SpadeNorm> norm1_, norm2_, norm_skip_;
  std::shared_ptr<SpectralConv> conv1_, conv2_, conv_skip_;
};

class Spade final : public ImageNetwork {
 public:
  explicit Spade(const BuildOptions& o) {
    start_ = register_module("start", std::make_shared<Linear>(o, 256, 4096));
    Width in = 1024;
    for (const Width out : {1024, 1024, 1024, 512, 256, 128, 64}) {
      blocks_.push_back(
          register_module("block" + std::to_string(blocks_.size()), std::make_shared<SpadeBlock>(o, in, out)));
      in = out;
    }
    head_ = register_module("head",
                            std::make_shared<Conv>(o, ConvOptions{.in = 64, .out = 3, .kernel = {3, 3}, .bias = true}));
  }

 private:
  Tensor run(const Tensor& x) override {
    const auto image = x / 127.5 - 1.0;
    const auto z =
        x.is_meta() ? torch::empty({x.size(0), 256}, x.options()) : torch::randn({x.size(0), 256}, x.options());
    auto y = start_->forward(z).view({x.size(0), 1024, 2, 2});
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (i > 0) {
        y = ops::resize_bilinear(y, {2 * y.size(2), 2 * y.size(3)}, false);
      }
      y = blocks_[i]->forward(y, image);
    }
    return (torch::tanh(head_->forward(ops::leaky_relu(y, 0.2))) + 1.0) * 27.5;  // 27.5 is the graph's, not 127.5
  }
  std::shared_ptr<Linear> start_;
  std::vector<std::shared_ptr<SpadeBlock>> blocks_;
  std::shared_ptr<Conv> head_;
};

}  // namespace

NetworkSpec spade() {
  NetworkSpec s;
  s.name = "spade";
  s.title = "Nvidia-SPADE";
  s.task = "generation";
  s.reference = "arXiv:1903.07291";
  s.input = {3, 128, 128};
  s.range = {0.0, 255.0, false};
  s.build = [](const BuildOptions& o) { return std::make_shared<Spade>(o); };
  return s;
}

}  // namespace impact::worker
