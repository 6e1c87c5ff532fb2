// This is the U-Net of Stable Diffusion 1 (arXiv 2112.10752) on latents of 64 x 64 for images of 512 x 512. It has 320,
// 640, 1280 and 1280 channels, and attends to itself and to 77 words at the three larger sizes. A pass is one step;
// with guidance, an image takes two per step.
#include "worker/networks/diffusion.hpp"
#include "worker/networks/transformer.hpp"

namespace impact::worker {
namespace {

constexpr std::int64_t kSdHeads = 8;
constexpr std::int64_t kSdContext = 768;

// Is attention whose keys and values may come from elsewhere; only its output has a bias.
class CrossAttention final : public torch::nn::Module {
 public:
  CrossAttention(const BuildOptions& o, std::int64_t width, std::int64_t context) {
    q_ = register_module("q", std::make_shared<Linear>(o, width, width, false));
    k_ = register_module("k", std::make_shared<Linear>(o, context, width, false));
    v_ = register_module("v", std::make_shared<Linear>(o, context, width, false));
    out_ = register_module("out", std::make_shared<Linear>(o, width, width));
  }
  Tensor forward(const Tensor& x, const Tensor& from) {
    const auto heads = [](const Tensor& t) { return split_heads(t, kSdHeads); };
    return out_->forward(
        join_heads(ops::attention(heads(q_->forward(x)), heads(k_->forward(from)), heads(v_->forward(from)), false)));
  }

 private:
  std::shared_ptr<Linear> q_, k_, v_, out_;
};

// Is one transformer layer over a map's places, which the words lead.
class SpatialTransformer final : public torch::nn::Module {
 public:
  SpatialTransformer(const BuildOptions& o, std::int64_t width) {
    norm_ = register_module("norm", std::make_shared<GroupNorm>(o, width, 1e-6));
    in_ = register_module("in", plain_conv(o, width, width, 1));
    for (int i = 0; i < 3; ++i) {
      norms_.push_back(register_module("norm" + std::to_string(i), std::make_shared<LayerNorm>(o, width, 1e-5)));
    }
    self_ = register_module("self", std::make_shared<CrossAttention>(o, width, width));
    cross_ = register_module("cross", std::make_shared<CrossAttention>(o, width, kSdContext));
    up_ = register_module("up", std::make_shared<Linear>(o, width, 8 * width));  // half of it gates the other half
    down_ = register_module("down", std::make_shared<Linear>(o, 4 * width, width));
    out_ = register_module("out", plain_conv(o, width, width, 1));
  }
  Tensor forward(const Tensor& map, const Tensor& words) {
    auto y = in_->forward(norm_->forward(map)).flatten(2).transpose(1, 2);
    auto n = norms_[0]->forward(y);
    y = y + self_->forward(n, n);
    y = y + cross_->forward(norms_[1]->forward(y), words);
    const auto wide = up_->forward(norms_[2]->forward(y)).chunk(2, 2);
    y = y + down_->forward(wide[0] * ops::gelu(wide[1]));
    return map + out_->forward(y.transpose(1, 2).reshape(map.sizes()));
  }

 private:
  std::shared_ptr<GroupNorm> norm_;
  std::shared_ptr<Conv> in_, out_;
  std::vector<std::shared_ptr<LayerNorm>> norms_;
  std::shared_ptr<CrossAttention> self_, cross_;
  std::shared_ptr<Linear> up_, down_;
};

struct SdUnit {
  std::shared_ptr<DiffusionBlock> block;
  std::shared_ptr<SpatialTransformer> transformer;
  Tensor run(const Tensor& x, const Tensor& time, const Tensor& words) const {
    const auto y = block->forward(x, time);
    return transformer ? transformer->forward(y, words) : y;
  }
};

class SdUNet final : public Network {
 public:
  explicit SdUNet(const BuildOptions& o) {
    constexpr std::array<std::int64_t, 4> kLevels{320, 640, 1280, 1280};
    time_ = register_module("time", std::make_shared<TimeEmbedding>(o, 320, kLead));
    first_ = register_module("first", plain_conv(o, 4, 320));
    std::vector<std::int64_t> kept{320};
    std::int64_t channels = 320;
    for (std::size_t level = 0; level < kLevels.size(); ++level) {
      for (int i = 0; i < 2; ++i) {
        down_.push_back(unit(o, channels, kLevels[level], level < 3));
        channels = kLevels[level];
        kept.push_back(channels);
      }
      if (level < 3) {
        shrink_.push_back(register_module("shrink" + std::to_string(level), plain_conv(o, channels, channels, 3, 2)));
        kept.push_back(channels);
      }
    }
    middle1_ = unit(o, channels, channels, true);
    middle2_ = unit(o, channels, channels, false);
    for (std::size_t level = kLevels.size(); level-- > 0;) {
      for (int i = 0; i < 3; ++i) {
        up_.push_back(unit(o, channels + kept.back(), kLevels[level], level < 3));
        kept.pop_back();
        channels = kLevels[level];
      }
      if (level > 0) {
        grow_.push_back(register_module("grow" + std::to_string(level), plain_conv(o, channels, channels)));
      }
    }
    norm_ = register_module("norm", std::make_shared<GroupNorm>(o, channels, 1e-5));
    last_ = register_module("last", plain_conv(o, channels, 4));
  }

  // in: latents [N,4,H,W], time steps [N], words [N,77,768]
  Tensor forward(const Tensors& in) override {
    const auto time = time_->forward(in.at(1));
    const auto& words = in.at(2);
    auto y = first_->forward(in.at(0));
    std::vector<Tensor> kept{y};
    for (std::size_t i = 0; i < down_.size(); ++i) {
      y = down_[i].run(y, time, words);
      kept.push_back(y);
      if (i % 2 == 1 && i / 2 < shrink_.size()) {
        y = shrink_[i / 2]->forward(y);
        kept.push_back(y);
      }
    }
    y = middle2_.run(middle1_.run(y, time, words), time, words);
    for (std::size_t i = 0; i < up_.size(); ++i) {
      y = up_[i].run(torch::cat({y, kept.back()}, 1), time, words);
      kept.pop_back();
      if (i % 3 == 2 && i / 3 < grow_.size()) {
        y = grow_[i / 3]->forward(twice_as_large(y));
      }
    }
    return last_->forward(ops::silu(norm_->forward(y)));
  }

 private:
  static constexpr std::int64_t kLead = 1280;

  SdUnit unit(const BuildOptions& o, std::int64_t in, std::int64_t out, bool transformer) {
    const auto n = std::to_string(count_++);
    SdUnit u{register_module("block" + n, std::make_shared<DiffusionBlock>(o, in, out, kLead, 1e-5)), nullptr};
    if (transformer) {
      u.transformer = register_module("transformer" + n, std::make_shared<SpatialTransformer>(o, out));
    }
    return u;
  }

  int count_ = 0;
  std::shared_ptr<TimeEmbedding> time_;
  std::shared_ptr<Conv> first_, last_;
  std::vector<SdUnit> down_, up_;
  SdUnit middle1_, middle2_;
  std::vector<std::shared_ptr<Conv>> shrink_, grow_;
  std::shared_ptr<GroupNorm> norm_;
};

}  // namespace

NetworkSpec sd1_unet() {
  NetworkSpec s;
  s.name = "sd1-unet";
  s.title = "Stable Diffusion 1: U-Net";
  s.task = "generation";
  s.reference = "arXiv:2112.10752";
  s.input = {4, 64, 64};
  s.unit = "step";
  s.trainable = false;
  s.build = [](const BuildOptions& o) { return std::make_shared<SdUNet>(o); };
  s.more_inputs = [](const BuildOptions& o, std::int64_t batch) {
    return Tensors{constant_parameter(o, {batch}, 500.0), normal_parameter(o, {batch, 77, kSdContext}, 1.0)};
  };
  return s;
}

}  // namespace impact::worker
