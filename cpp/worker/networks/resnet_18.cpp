// This is ResNet-18 (arXiv 1512.03385).
#include "worker/networks/blocks.hpp"

namespace impact::worker {
namespace {

constexpr NormOptions kResNet18Norm{Norm::batch, 1e-5};

class BasicBlock final : public Layer {
 public:
  BasicBlock(const BuildOptions& o, std::int64_t in, std::int64_t out, std::int64_t stride) {
    const Pair strides{stride, stride};
    body_ =
        register_module("body", chain(ConvMaker(o, kResNet18Norm, Act::relu)(in, out, {3, 3}, strides, Pad::centred),
                                      ConvMaker(o, kResNet18Norm, Act::none)(out, out, {3, 3}, {1, 1}, Pad::centred)));
    if (in != out) {
      shortcut_ =
          register_module("shortcut", ConvMaker(o, kResNet18Norm, Act::none)(in, out, {1, 1}, strides, Pad::centred));
    }
  }
  Tensor forward(const Tensor& x) override {
    return activate(body_->forward(x) + (shortcut_ ? shortcut_->forward(x) : x), Act::relu);
  }

 private:
  std::shared_ptr<Chain> body_;
  std::shared_ptr<Conv> shortcut_;
};

class ResNet18 final : public ImageNetwork {
 public:
  explicit ResNet18(const BuildOptions& o) {
    stem_ = register_module("stem",
                            ConvMaker(o, kResNet18Norm, Act::relu)(o.input.at(0), 64, {7, 7}, {2, 2}, Pad::centred));
    body_ = register_module("body", std::make_shared<Chain>());
    std::int64_t in = 64;
    for (const std::int64_t out : {64, 128, 256, 512}) {
      body_->add(std::make_shared<BasicBlock>(o, in, out, in == out ? 1 : 2));
      body_->add(std::make_shared<BasicBlock>(o, out, out, 1));
      in = out;
    }
    head_ = register_module("head", std::make_shared<Linear>(o, in, o.classes));
  }

 private:
  Tensor run(const Tensor& x) override {
    const auto y = stem_->forward(x);
    return head_->forward(flat(ops::global_mean(body_->forward(torch::max_pool2d(y, {3, 3}, {2, 2}, {1, 1})))));
  }
  std::shared_ptr<Conv> stem_;
  std::shared_ptr<Chain> body_;
  std::shared_ptr<Linear> head_;
};

}  // namespace

NetworkSpec resnet_18() {
  NetworkSpec s;
  s.name = "resnet-18";
  s.title = "ResNet-18";
  s.task = "classification";
  s.reference = "arXiv:1512.03385";
  s.input = {3, 224, 224};
  s.classes = 1000;
  s.build = [](const BuildOptions& o) { return std::make_shared<ResNet18>(o); };
  return s;
}

}  // namespace impact::worker
