// This is Pixel-RNN (arXiv 1601.06759) as in AI Benchmark: seven Diagonal BiLSTM layers of 16 channels see 64 x 64.
// The image is skewed so that its diagonals become columns, and 127 columns follow one another in each direction of
// each layer, so that it measures what starting an operation costs rather than arithmetic. All four gates are sigmoids,
// as in the original.
#include "worker/networks/blocks.hpp"

#include <cmath>

namespace impact::worker {
namespace {

constexpr std::int64_t kHidden = 16;

// Moves row r by r places to the right, which makes [N,C,H,W+H-1] of [N,C,H,W].
Tensor skewed(const Tensor& x) {
  const auto rows = x.size(2);
  const auto wide = x.size(3) + rows - 1;
  if (x.is_meta()) {
    return torch::empty({x.size(0), x.size(1), rows, wide}, x.options());
  }
  // Padding each row to wide + 1 and reading the rows as of length wide shifts row r by r.
  return torch::constant_pad_nd(x, {0, rows})
      .flatten(2)
      .slice(2, 0, rows * wide)
      .view({x.size(0), x.size(1), rows, wide});
}

Tensor unskewed(const Tensor& x, std::int64_t width) {
  const auto rows = x.size(2);
  if (x.is_meta()) {
    return torch::empty({x.size(0), x.size(1), rows, width}, x.options());
  }
  const auto longer = torch::constant_pad_nd(x.flatten(2), {0, rows}).view({x.size(0), x.size(1), rows, width + rows});
  return longer.slice(3, 0, width);
}

class DiagonalLstm final : public Layer {
 public:
  explicit DiagonalLstm(const BuildOptions& o) {
    input_ = register_module("input",
                             std::make_shared<Conv>(o, ConvOptions{.in = kHidden, .out = 4 * kHidden, .bias = true}));
    state_ = register_module(
        "state",
        std::make_shared<Conv>(o, ConvOptions{.in = kHidden, .out = 4 * kHidden, .kernel = {2, 1}, .bias = true}));
  }
  Tensor forward(const Tensor& x) override {
    const auto from_input = input_->forward(skewed(x));
    auto h = torch::zeros({x.size(0), kHidden, x.size(2), 1}, x.options());
    auto c = h;
    std::vector<Tensor> columns;
    for (std::int64_t i = 0; i < from_input.size(3); ++i) {
      const auto gates = torch::sigmoid(state_->forward(h) + from_input.slice(3, i, i + 1)).chunk(4, 1);
      c = gates[1] * c + gates[2] * gates[3];
      h = gates[0] * torch::tanh(c);
      columns.push_back(h);
    }
    return unskewed(torch::cat(columns, 3).contiguous(), x.size(3));
  }

 private:
  std::shared_ptr<Conv> input_, state_;
};

class DiagonalBiLstm final : public Layer {
 public:
  explicit DiagonalBiLstm(const BuildOptions& o) {
    forward_ = register_module("forward", std::make_shared<DiagonalLstm>(o));
    backward_ = register_module("backward", std::make_shared<DiagonalLstm>(o));
  }
  Tensor forward(const Tensor& x) override {
    const auto right = forward_->forward(x);
    const auto left = backward_->forward(x.is_meta() ? x : x.flip({3}));
    if (x.is_meta()) {
      return right;
    }
    // It is moved one row down, so that no pixel sees its own future.
    return right + torch::constant_pad_nd(left.flip({3}).slice(2, 0, x.size(2) - 1), {0, 0, 1, 0});
  }

 private:
  std::shared_ptr<DiagonalLstm> forward_, backward_;
};

// Is a 7 x 7 convolution that sees neither its own place nor what follows it (mask A).
class MaskedConv final : public Layer {
 public:
  explicit MaskedConv(const BuildOptions& o) {
    weight_ = register_parameter("weight", normal_parameter(o, {kHidden, 3, 7, 7}, std::sqrt(1.0 / 147.0)));
    bias_ = register_parameter("bias", constant_parameter(o, {kHidden}, 0.0));
    auto mask = torch::ones({1, 1, 7, 7});
    mask.slice(2, 4, 7).zero_();
    mask.select(2, 3).slice(2, 3, 7).zero_();
    mask_ = register_buffer("mask", o.device.is_meta() ? torch::empty({1, 1, 7, 7}, o.floats()) : mask.to(o.device));
  }
  Tensor forward(const Tensor& x) override { return ops::conv2d(x, weight_ * mask_, bias_, {}); }

 private:
  Tensor weight_, bias_, mask_;
};

class PixelRnn final : public ImageNetwork {
 public:
  explicit PixelRnn(const BuildOptions& o) {
    body_ = register_module("body", chain(std::make_shared<MaskedConv>(o)));
    for (int i = 0; i < 7; ++i) {
      body_->add(std::make_shared<DiagonalBiLstm>(o));
    }
    const ConvMaker c(o, {}, Act::relu, true);
    body_->add(c(kHidden, 32));
    body_->add(c(32, 32));
    body_->add(ConvMaker(o, {}, Act::sigmoid, true)(32, 3));
  }

 private:
  Tensor run(const Tensor& x) override { return body_->forward(x / 255.0) * 255.0; }
  std::shared_ptr<Chain> body_;
};

}  // namespace

NetworkSpec pixel_rnn() {
  NetworkSpec s;
  s.name = "pixel-rnn";
  s.title = "Pixel-RNN";
  s.task = "generation";
  s.reference = "arXiv:1601.06759";
  s.input = {3, 64, 64};
  s.range = {0.0, 255.0, false};
  s.build = [](const BuildOptions& o) { return std::make_shared<PixelRnn>(o); };
  return s;
}

}  // namespace impact::worker
