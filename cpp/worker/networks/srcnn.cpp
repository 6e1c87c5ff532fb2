// This is SRCNN 9-5-5 (arXiv 1501.00092). The last bias is one number for all channels.
#include "worker/networks/enhancement.hpp"

namespace impact::worker {
namespace {

class Srcnn final : public ImageNetwork {
 public:
  explicit Srcnn(const BuildOptions& o) {
    const ConvMaker c(o, {}, Act::relu, true);
    body_ =
        register_module("body", chain(c(3, 64, {9, 9}), c(64, 32, {5, 5}),
                                      std::make_shared<Conv>(o, ConvOptions{.in = 32, .out = 3, .kernel = {5, 5}})));
    bias_ = register_parameter("bias", constant_parameter(o, {1}, 0.0));
  }

 private:
  Tensor run(const Tensor& x) override { return stretched_tanh(body_->forward(x / 255.0) + bias_); }
  std::shared_ptr<Chain> body_;
  Tensor bias_;
};

}  // namespace

NetworkSpec srcnn() {
  auto s = enhancement_spec("srcnn", "SRCNN 9-5-5", "arXiv:1501.00092", 512);
  s.build = [](const BuildOptions& o) { return std::make_shared<Srcnn>(o); };
  return s;
}

}  // namespace impact::worker
