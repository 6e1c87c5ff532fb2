// DeepLab of AI Benchmark is DeepLab-v2 on ResNet-101 (arXiv 1606.00915): its maps are an eighth of the
// image, four dilated convolutions stand side by side and their outputs are added, and nothing is up-sampled.
#include "worker/networks/segmentation.hpp"

namespace impact::worker {
namespace {

constexpr NormOptions kDeepLabNorm{Norm::batch, 1e-3};

class DeepLab final : public ImageNetwork {
 public:
  explicit DeepLab(const BuildOptions& o) {
    body_ = register_module("body", chain(ConvMaker(o, kDeepLabNorm, Act::relu)(3, 64, {7, 7}, {2, 2}),
                                          max_pool({3, 3}, {2, 2}, Pad::same)));
    add_bottlenecks(*body_, o, kDeepLabNorm, false, {.in = 64, .mid = 64, .out = 256}, 3);
    add_bottlenecks(*body_, o, kDeepLabNorm, false, {.in = 256, .mid = 128, .out = 512, .stride = 2}, 4);
    add_bottlenecks(*body_, o, kDeepLabNorm, false, {.in = 512, .mid = 256, .out = 1024, .dilation = 2}, 23);
    add_bottlenecks(*body_, o, kDeepLabNorm, false, {.in = 1024, .mid = 512, .out = 2048, .dilation = 4}, 3);
    for (const std::int64_t dilation : {6, 12, 18, 24}) {
      heads_.push_back(
          register_module("head" + std::to_string(dilation),
                          ConvMaker(o, {}, Act::none, true)(2048, 3, {3, 3}, {1, 1}, Pad::centred, dilation)));
    }
  }

 private:
  Tensor run(const Tensor& x) override {
    const auto map = body_->forward(x / 127.5 - 1.0);
    auto sum = heads_[0]->forward(map);
    for (std::size_t i = 1; i < heads_.size(); ++i) {
      sum = sum + heads_[i]->forward(map);
    }
    return sum;
  }
  std::shared_ptr<Chain> body_;
  std::vector<std::shared_ptr<Conv>> heads_;
};

}  // namespace

NetworkSpec deeplab() {
  auto s = segmentation_spec("deeplab", "DeepLab", "arXiv:1606.00915", 512, 512);
  s.build = [](const BuildOptions& o) { return std::make_shared<DeepLab>(o); };
  return s;
}

}  // namespace impact::worker
