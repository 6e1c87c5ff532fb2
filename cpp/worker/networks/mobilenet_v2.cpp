// This is MobileNet-V2 1.0 (arXiv 1801.04381): it has a stem, 17 inverted residual blocks, 1280 channels and 1001
// classes.
#include "worker/networks/blocks.hpp"

namespace impact::worker {
namespace {

constexpr NormOptions kNorm{Norm::batch, 1e-3};

// Goes by 1 x 1 to `expansion` times the channels, by 3 x 3 depthwise, and by 1 x 1 back without activation; the result
// is added to the input where their shapes agree.
class InvertedResidual final : public Layer {
 public:
  InvertedResidual(const BuildOptions& o, std::int64_t in, std::int64_t out, std::int64_t stride,
                   std::int64_t expansion)
      : skip_(stride == 1 && in == out), body_(register_module("body", std::make_shared<Chain>())) {
    const auto wide = in * expansion;
    if (expansion != 1) {
      body_->add(std::make_shared<Conv>(o, ConvOptions{.in = in, .out = wide, .norm = kNorm, .act = Act::relu6}));
    }
    body_->add(std::make_shared<Conv>(o, ConvOptions{.in = wide,
                                                     .out = wide,
                                                     .kernel = {3, 3},
                                                     .stride = {stride, stride},
                                                     .groups = wide,
                                                     .norm = kNorm,
                                                     .act = Act::relu6}));
    body_->add(std::make_shared<Conv>(o, ConvOptions{.in = wide, .out = out, .norm = kNorm}));
  }
  Tensor forward(const Tensor& x) override {
    auto y = body_->forward(x);
    return skip_ ? x + y : y;
  }

 private:
  bool skip_;
  std::shared_ptr<Chain> body_;
};

class MobileNetV2 final : public ImageNetwork {
 public:
  explicit MobileNetV2(const BuildOptions& o) : features_(register_module("features", std::make_shared<Chain>())) {
    struct Stage {
      std::int64_t expansion, channels, blocks, stride;
    };
    constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                                 {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
    features_->add(std::make_shared<Conv>(
        o, ConvOptions{
               .in = o.input.at(0), .out = 32, .kernel = {3, 3}, .stride = {2, 2}, .norm = kNorm, .act = Act::relu6}));
    std::int64_t in = 32;
    for (const auto& s : kStages) {
      for (std::int64_t i = 0; i < s.blocks; ++i) {
        features_->add(std::make_shared<InvertedResidual>(o, in, s.channels, i == 0 ? s.stride : 1, s.expansion));
        in = s.channels;
      }
    }
    features_->add(std::make_shared<Conv>(o, ConvOptions{.in = in, .out = 1280, .norm = kNorm, .act = Act::relu6}));
    head_ = register_module("head", std::make_shared<Conv>(o, ConvOptions{.in = 1280, .out = o.classes, .bias = true}));
  }

 private:
  Tensor run(const Tensor& x) override { return flat(head_->forward(ops::global_mean(features_->forward(x)))); }
  std::shared_ptr<Chain> features_;
  std::shared_ptr<Conv> head_;
};

}  // namespace

NetworkSpec mobilenet_v2() {
  NetworkSpec s;
  s.name = "mobilenet-v2";
  s.title = "MobileNet-V2";
  s.task = "classification";
  s.reference = "arXiv:1801.04381";
  s.input = {3, 224, 224};
  s.classes = 1001;
  s.build = [](const BuildOptions& o) { return std::make_shared<MobileNetV2>(o); };
  return s;
}

}  // namespace impact::worker
