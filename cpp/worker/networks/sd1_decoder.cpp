// This is the image decoder of Stable Diffusion 1 (arXiv 2112.10752): it makes an image of 3 x 512 x 512 of a latent of
// 4 x 64 x 64.
#include "worker/networks/diffusion.hpp"

namespace impact::worker {
namespace {

constexpr double kVaeEps = 1e-6;

class VaeDecoder final : public ImageNetwork {
 public:
  explicit VaeDecoder(const BuildOptions& o) {
    quantised_ = register_module("quantised", plain_conv(o, 4, 4, 1));
    first_ = register_module("first", plain_conv(o, 4, 512));
    const auto block = [&](std::int64_t in, std::int64_t out) {
      return register_module("block" + std::to_string(count_++),
                             std::make_shared<DiffusionBlock>(o, in, out, 0, kVaeEps));
    };
    middle1_ = block(512, 512);
    attention_ = register_module("attention", std::make_shared<MapAttention>(o, 512, kVaeEps));
    middle2_ = block(512, 512);
    std::int64_t channels = 512;
    for (const std::int64_t out : {512, 512, 256, 128}) {
      for (int i = 0; i < 3; ++i) {
        blocks_.push_back(block(channels, out));
        channels = out;
      }
      if (blocks_.size() < 12) {
        grow_.push_back(register_module("grow" + std::to_string(grow_.size()), plain_conv(o, channels, channels)));
      }
    }
    norm_ = register_module("norm", std::make_shared<GroupNorm>(o, channels, kVaeEps));
    last_ = register_module("last", plain_conv(o, channels, 3));
  }

 private:
  Tensor run(const Tensor& x) override {
    auto y = first_->forward(quantised_->forward(x / 0.18215));
    y = middle2_->forward(attention_->forward(middle1_->forward(y)));
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      y = blocks_[i]->forward(y);
      if (i % 3 == 2 && i / 3 < grow_.size()) {
        y = grow_[i / 3]->forward(twice_as_large(y));
      }
    }
    return last_->forward(ops::silu(norm_->forward(y)));
  }

  int count_ = 0;
  std::shared_ptr<Conv> quantised_, first_, last_;
  std::shared_ptr<DiffusionBlock> middle1_, middle2_;
  std::shared_ptr<MapAttention> attention_;
  std::vector<std::shared_ptr<DiffusionBlock>> blocks_;
  std::vector<std::shared_ptr<Conv>> grow_;
  std::shared_ptr<GroupNorm> norm_;
};

}  // namespace

NetworkSpec sd1_decoder() {
  NetworkSpec s;
  s.name = "sd1-decoder";
  s.title = "Stable Diffusion 1: decoder";
  s.task = "generation";
  s.reference = "arXiv:2112.10752";
  s.input = {4, 64, 64};
  s.trainable = false;
  s.build = [](const BuildOptions& o) { return std::make_shared<VaeDecoder>(o); };
  return s;
}

}  // namespace impact::worker
