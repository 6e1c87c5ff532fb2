// This is the generator of SRGAN (arXiv 1609.04802) as AI Benchmark changed it: a 7 x 7 convolution of stride 4 stands
// in front, so that output and input are of one size. Scale and shift of its normalisation are never trained.
#include "worker/networks/enhancement.hpp"

namespace impact::worker {
namespace {

constexpr NormOptions kSrganNorm{Norm::batch_constant, 1e-5};

class SrganBlock final : public Layer {
 public:
  explicit SrganBlock(const BuildOptions& o) {
    body_ = register_module("body", chain(ConvMaker(o, kSrganNorm, Act::relu)(64, 64, {3, 3}),
                                          ConvMaker(o, kSrganNorm, Act::none)(64, 64, {3, 3})));
  }
  Tensor forward(const Tensor& x) override { return x + body_->forward(x); }

 private:
  std::shared_ptr<Chain> body_;
};

class Srgan final : public ImageNetwork {
 public:
  explicit Srgan(const BuildOptions& o) {
    const ConvMaker c(o, {}, Act::relu, true);
    front_ = register_module("front", chain(c(3, 64, {7, 7}, {4, 4}), c(64, 64, {3, 3})));
    blocks_ = register_module("blocks", std::make_shared<Chain>());
    for (int i = 0; i < 16; ++i) {
      blocks_->add(std::make_shared<SrganBlock>(o));
    }
    blocks_->add(ConvMaker(o, kSrganNorm, Act::none)(64, 64, {3, 3}));
    const ConvMaker plain(o, {}, Act::none, true);
    const auto shuffle = [] {
      return std::make_shared<Apply>([](const Tensor& x) { return activate(torch::pixel_shuffle(x, 2), Act::relu); });
    };
    up_ = register_module("up",
                          chain(plain(64, 256, {3, 3}), shuffle(), plain(64, 256, {3, 3}), shuffle(), plain(64, 3)));
  }

 private:
  Tensor run(const Tensor& x) override {
    const auto small = front_->forward(x / 127.5 - 1.0);
    return (torch::tanh(up_->forward(small + blocks_->forward(small))) + 1.0) * 127.5;
  }
  std::shared_ptr<Chain> front_, blocks_, up_;
};

}  // namespace

NetworkSpec srgan() {
  auto s = enhancement_spec("srgan", "ResNet-SRGAN", "arXiv:1609.04802", 512);
  s.build = [](const BuildOptions& o) { return std::make_shared<Srgan>(o); };
  return s;
}

}  // namespace impact::worker
