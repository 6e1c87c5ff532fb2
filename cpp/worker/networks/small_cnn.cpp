// This is a small network for 28 x 28 images: with one channel and 10 classes it has 421,738 parameters and does 4.24
// million multiply-adds. It has two 3 x 3 convolutions (32 and 64 channels) with batch normalisation, ReLU and pooling,
// and a hidden layer of 128. It reaches about 90 % on Fashion-MNIST after one or two epochs, which take seconds on a
// laptop.
#include "worker/networks/blocks.hpp"

namespace impact::worker {
namespace {

class SmallCnn final : public ImageNetwork {
 public:
  explicit SmallCnn(const BuildOptions& o) {
    const NormOptions norm{Norm::batch, 1e-5};
    auto conv = [&](std::int64_t in, std::int64_t out) {
      return std::make_shared<Conv>(
          o, ConvOptions{.in = in, .out = out, .kernel = {3, 3}, .norm = norm, .act = Act::relu});
    };
    auto pool = [] { return max_pool({2, 2}, {2, 2}, Pad::valid); };
    features_ = register_module("features", chain(conv(o.input.at(0), 32), pool(), conv(32, 64), pool()));
    hidden_ =
        register_module("hidden", std::make_shared<Linear>(o, 64 * (o.input.at(1) / 4) * (o.input.at(2) / 4), 128));
    head_ = register_module("head", std::make_shared<Linear>(o, 128, o.classes));
  }

 private:
  Tensor run(const Tensor& x) override {
    return head_->forward(activate(hidden_->forward(flat(features_->forward(x))), Act::relu));
  }
  std::shared_ptr<Chain> features_;
  std::shared_ptr<Linear> hidden_, head_;
};

}  // namespace

NetworkSpec small_cnn() {
  NetworkSpec s;
  s.name = "small-cnn";
  s.title = "Small CNN";
  s.task = "classification";
  s.reference = "own";
  s.input = {1, 28, 28};
  s.classes = 10;
  s.build = [](const BuildOptions& o) { return std::make_shared<SmallCnn>(o); };
  return s;
}

}  // namespace impact::worker
