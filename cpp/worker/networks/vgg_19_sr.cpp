// "VGG-19 Super-Res" of AI Benchmark is VDSR (arXiv 1511.04587): 20 convolutions of 64 channels that learn a
// difference.
#include "worker/networks/enhancement.hpp"

namespace impact::worker {
namespace {

class Vdsr final : public ImageNetwork {
 public:
  explicit Vdsr(const BuildOptions& o) : body_(register_module("body", std::make_shared<Chain>())) {
    const ConvMaker c(o, {}, Act::relu, true);
    body_->add(c(3, 64, {3, 3}));
    for (int i = 0; i < 18; ++i) {
      body_->add(c(64, 64, {3, 3}));
    }
    body_->add(std::make_shared<Conv>(o, ConvOptions{.in = 64, .out = 3, .kernel = {3, 3}, .bias = true}));
  }

 private:
  Tensor run(const Tensor& x) override {
    const auto scaled = x / 255.0;
    return (body_->forward(scaled) + scaled) * 255.0;
  }
  std::shared_ptr<Chain> body_;
};

}  // namespace

NetworkSpec vgg_19_sr() {
  auto s = enhancement_spec("vgg-19-sr", "VGG-19 Super-Res", "arXiv:1511.04587", 224);
  s.build = [](const BuildOptions& o) { return std::make_shared<Vdsr>(o); };
  return s;
}

}  // namespace impact::worker
