// This is Inception-ResNet-V2 (arXiv 1602.07261) as TF-slim builds it: it has 244 convolutions, and its blocks are
// scaled and added to their input.
#include "worker/networks/inception.hpp"

namespace impact::worker {
namespace {

// Computes relu(x + scale * up(branches(x))).
class ScaledResidual final : public Layer {
 public:
  ScaledResidual(const BuildOptions& o, std::shared_ptr<Branches> parts, std::int64_t mixed, std::int64_t channels,
                 double scale, bool relu)
      : scale_(scale), relu_(relu) {
    parts_ = register_module("parts", std::move(parts));
    up_ = register_module("up", std::make_shared<Conv>(o, ConvOptions{.in = mixed, .out = channels, .bias = true}));
  }
  Tensor forward(const Tensor& x) override {
    auto y = torch::add(x, up_->forward(parts_->forward(x)), scale_);
    return relu_ ? activate(y, Act::relu) : y;
  }

 private:
  double scale_;
  bool relu_;
  std::shared_ptr<Branches> parts_;
  std::shared_ptr<Conv> up_;
};

LayerPtr block35(const BuildOptions& o) {
  const auto c = inception_conv(o);
  auto parts = branches(c(320, 32), chain(c(320, 32), c(32, 32, kThree)),
                        chain(c(320, 32), c(32, 48, kThree), c(48, 64, kThree)));
  return std::make_shared<ScaledResidual>(o, parts, 128, 320, 0.17, true);
}

LayerPtr block17(const BuildOptions& o) {
  const auto c = inception_conv(o);
  auto parts = branches(c(1088, 192), chain(c(1088, 128), c(128, 160, {1, 7}), c(160, 192, {7, 1})));
  return std::make_shared<ScaledResidual>(o, parts, 384, 1088, 0.10, true);
}

LayerPtr block8(const BuildOptions& o, double scale, bool relu) {
  const auto c = inception_conv(o);
  auto parts = branches(c(2080, 192), chain(c(2080, 192), c(192, 224, {1, 3}), c(224, 256, {3, 1})));
  return std::make_shared<ScaledResidual>(o, parts, 448, 2080, scale, relu);
}

class InceptionResNetV2 final : public ImageNetwork {
 public:
  explicit InceptionResNetV2(const BuildOptions& o) {
    const auto c = inception_conv(o);
    const Pair one{1, 1};
    body_ = register_module("body",
                            chain(c(o.input.at(0), 32, kThree, kTwice, Pad::valid), c(32, 32, kThree, one, Pad::valid),
                                  c(32, 64, kThree), inception_shrink(), c(64, 80, one, one, Pad::valid),
                                  c(80, 192, kThree, one, Pad::valid), inception_shrink()));
    body_->add(branches(c(192, 96), chain(c(192, 48), c(48, 64, {5, 5})),
                        chain(c(192, 64), c(64, 96, kThree), c(96, 96, kThree)), chain(inception_mean(), c(192, 64))));
    repeat(10, [&] { return block35(o); });
    body_->add(branches(c(320, 384, kThree, kTwice, Pad::valid),
                        chain(c(320, 256), c(256, 256, kThree), c(256, 384, kThree, kTwice, Pad::valid)),
                        inception_shrink()));
    repeat(20, [&] { return block17(o); });
    body_->add(branches(chain(c(1088, 256), c(256, 384, kThree, kTwice, Pad::valid)),
                        chain(c(1088, 256), c(256, 288, kThree, kTwice, Pad::valid)),
                        chain(c(1088, 256), c(256, 288, kThree), c(288, 320, kThree, kTwice, Pad::valid)),
                        inception_shrink()));
    repeat(9, [&] { return block8(o, 0.20, true); });
    body_->add(block8(o, 1.0, false));
    body_->add(c(2080, 1536));
    head_ = register_module("head", std::make_shared<Linear>(o, 1536, o.classes));
  }

 private:
  void repeat(int times, const std::function<LayerPtr()>& make) {
    for (int i = 0; i < times; ++i) {
      body_->add(make());
    }
  }
  Tensor run(const Tensor& x) override { return head_->forward(flat(ops::global_mean(body_->forward(x)))); }
  std::shared_ptr<Chain> body_;
  std::shared_ptr<Linear> head_;
};

}  // namespace

NetworkSpec inception_resnet_v2() {
  auto s = inception_spec("inception-resnet-v2", "Inception-ResNet-V2", "arXiv:1602.07261");
  s.build = [](const BuildOptions& o) { return std::make_shared<InceptionResNetV2>(o); };
  return s;
}

}  // namespace impact::worker
