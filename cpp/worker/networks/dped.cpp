// This is the residual network of DPED (arXiv 1704.02470): a 9 x 9 convolution, four blocks with instance
// normalisation, two convolutions, and a 9 x 9 convolution again.
#include "worker/networks/enhancement.hpp"

namespace impact::worker {
namespace {

class DpedBlock final : public Layer {
 public:
  explicit DpedBlock(const BuildOptions& o) {
    const ConvMaker c(o, {Norm::instance, 1e-3}, Act::relu, true);
    body_ = register_module("body", chain(c(64, 64, {3, 3}), c(64, 64, {3, 3})));
  }
  Tensor forward(const Tensor& x) override { return x + body_->forward(x); }

 private:
  std::shared_ptr<Chain> body_;
};

class Dped final : public ImageNetwork {
 public:
  explicit Dped(const BuildOptions& o) {
    const ConvMaker c(o, {}, Act::relu, true);
    body_ = register_module("body", chain(c(3, 64, {9, 9})));
    for (int i = 0; i < 4; ++i) {
      body_->add(std::make_shared<DpedBlock>(o));
    }
    body_->add(c(64, 64, {3, 3}));
    body_->add(c(64, 64, {3, 3}));
    body_->add(ConvMaker(o, {}, Act::none, true)(64, 3, {9, 9}));
  }

 private:
  Tensor run(const Tensor& x) override { return stretched_tanh(body_->forward(x / 255.0)); }
  std::shared_ptr<Chain> body_;
};

}  // namespace

NetworkSpec dped() {
  auto s = enhancement_spec("dped", "ResNet-DPED", "arXiv:1704.02470", 128);
  s.build = [](const BuildOptions& o) { return std::make_shared<Dped>(o); };
  return s;
}

}  // namespace impact::worker
