// These are ResNet-V2-50 and -152 (arXiv 1603.05027) as TF-slim builds them: they normalise before a convolution and
// have the stride at the last unit of a block, which makes them cheaper than their namesakes elsewhere.
#include "worker/networks/blocks.hpp"

namespace impact::worker {
namespace {

constexpr NormOptions kResNetNorm{Norm::batch, 1e-5};

class PreActivated final : public Layer {
 public:
  PreActivated(const BuildOptions& o, std::int64_t in, std::int64_t mid, std::int64_t stride) : stride_(stride) {
    const auto out = 4 * mid;
    norm_ = register_module("norm", std::make_shared<NormLayer>(o, in, kResNetNorm));
    const ConvMaker c(o, kResNetNorm, Act::relu);
    body_ = register_module("body", chain(c(in, mid), c(mid, mid, {3, 3}, {stride, stride}, Pad::centred),
                                          std::make_shared<Conv>(o, ConvOptions{.in = mid, .out = out, .bias = true})));
    if (in != out) {
      shortcut_ = register_module(
          "shortcut",
          std::make_shared<Conv>(o, ConvOptions{.in = in, .out = out, .stride = {stride, stride}, .bias = true}));
    }
  }
  Tensor forward(const Tensor& x) override {
    const auto ready = activate(norm_->forward(x), Act::relu);
    auto kept = x;
    if (shortcut_) {
      kept = shortcut_->forward(ready);
    } else if (stride_ > 1) {
      kept = ops::max_pool(x, {1, 1}, {stride_, stride_}, Pad::same);
    }
    return kept + body_->forward(ready);
  }

 private:
  std::int64_t stride_;
  std::shared_ptr<NormLayer> norm_;
  std::shared_ptr<Chain> body_;
  std::shared_ptr<Conv> shortcut_;
};

class ResNetV2 final : public ImageNetwork {
 public:
  ResNetV2(const BuildOptions& o, std::array<int, 4> units) {
    body_ = register_module("body", chain(std::make_shared<Conv>(o, ConvOptions{.in = o.input.at(0),
                                                                                .out = 64,
                                                                                .kernel = {7, 7},
                                                                                .stride = {2, 2},
                                                                                .pad = Pad::centred,
                                                                                .bias = true}),
                                          max_pool({3, 3}, {2, 2}, Pad::same)));
    std::int64_t in = 64;
    for (std::size_t block = 0; block < units.size(); ++block) {
      const auto mid = std::int64_t{64} << block;
      for (int unit = 0; unit < units[block]; ++unit) {
        const bool last = unit + 1 == units[block] && block + 1 < units.size();
        body_->add(std::make_shared<PreActivated>(o, in, mid, last ? 2 : 1));
        in = 4 * mid;
      }
    }
    norm_ = register_module("norm", std::make_shared<NormLayer>(o, in, kResNetNorm));
    head_ = register_module("head", std::make_shared<Linear>(o, in, o.classes));
  }

 private:
  Tensor run(const Tensor& x) override {
    return head_->forward(flat(ops::global_mean(activate(norm_->forward(body_->forward(x)), Act::relu))));
  }
  std::shared_ptr<Chain> body_;
  std::shared_ptr<NormLayer> norm_;
  std::shared_ptr<Linear> head_;
};

NetworkSpec resnet_v2(const std::string& depth, std::int64_t side, std::array<int, 4> units) {
  NetworkSpec s;
  s.name = "resnet-v2-" + depth;
  s.title = "ResNet-V2-" + depth;
  s.task = "classification";
  s.reference = "arXiv:1603.05027";
  s.input = {3, side, side};
  s.classes = 1001;
  s.softmax = true;
  s.build = [units](const BuildOptions& o) { return std::make_shared<ResNetV2>(o, units); };
  return s;
}

}  // namespace

NetworkSpec resnet_v2_50() { return resnet_v2("50", 346, {3, 4, 6, 3}); }
NetworkSpec resnet_v2_152() { return resnet_v2("152", 256, {3, 8, 36, 3}); }

}  // namespace impact::worker
