// This is PSPNet-50 (arXiv 1612.01105): its maps are an eighth of the image, means over parts of them are joined to
// them, and nothing is up-sampled.
#include "worker/networks/segmentation.hpp"

namespace impact::worker {
namespace {

constexpr NormOptions kPspNorm{Norm::batch, 1e-5};

// Pools with the kernel that the original's 720 x 720 fixes, applies a 1 x 1 convolution, and resizes to the map.
class PyramidPart final : public Layer {
 public:
  PyramidPart(const BuildOptions& o, std::int64_t kernel) : kernel_(kernel) {
    conv_ = register_module("conv", ConvMaker(o, kPspNorm, Act::relu)(2048, 512));
  }
  Tensor forward(const Tensor& x) override {
    const Pair fitted{std::min(kernel_, x.size(2)), std::min(kernel_, x.size(3))};
    return resize_like(conv_->forward(ops::avg_pool(x, fitted, fitted, Pad::valid)), x);
  }

 private:
  std::int64_t kernel_;
  std::shared_ptr<Conv> conv_;
};

class PspNet final : public ImageNetwork {
 public:
  explicit PspNet(const BuildOptions& o) {
    const ConvMaker c(o, kPspNorm, Act::relu);
    const Pair two{2, 2};
    body_ = register_module(
        "body", chain(c(3, 64, {3, 3}, two), c(64, 64, {3, 3}), c(64, 128, {3, 3}), max_pool({3, 3}, two, Pad::same)));
    add_bottlenecks(*body_, o, kPspNorm, false, {.in = 128, .mid = 64, .out = 256}, 3);
    add_bottlenecks(*body_, o, kPspNorm, false, {.in = 256, .mid = 128, .out = 512, .stride = 2}, 4);
    add_bottlenecks(*body_, o, kPspNorm, false, {.in = 512, .mid = 256, .out = 1024, .dilation = 2}, 6);
    add_bottlenecks(*body_, o, kPspNorm, false, {.in = 1024, .mid = 512, .out = 2048, .dilation = 4}, 3);
    const auto same = std::make_shared<Apply>([](const Tensor& x) { return x; });
    const auto part = [&](std::int64_t kernel) { return std::make_shared<PyramidPart>(o, kernel); };
    body_->add(branches(same, part(10), part(20), part(30), part(60)));
    body_->add(c(4096, 512, {3, 3}));
    body_->add(ConvMaker(o, {}, Act::none, true)(512, 3));
  }

 private:
  Tensor run(const Tensor& x) override { return body_->forward(x / 127.5 - 1.0); }
  std::shared_ptr<Chain> body_;
};

}  // namespace

NetworkSpec pspnet() {
  auto s = segmentation_spec("pspnet", "PSPNet", "arXiv:1612.01105", 720, 720);
  s.build = [](const BuildOptions& o) { return std::make_shared<PspNet>(o); };
  return s;
}

}  // namespace impact::worker
