// This is the U-Net of DDPM for 32 x 32 images (arXiv 2006.11239). Its levels have 128, 256, 256 and 256 channels and
// two blocks each, and it has attention at 16 x 16. A pass predicts the noise of one step; an image takes 1000 of them.
#include "worker/networks/diffusion.hpp"

namespace impact::worker {
namespace {

constexpr double kDdpmEps = 1e-6;

// Is a block, followed by attention where its level has it.
struct DdpmUnit {
  std::shared_ptr<DiffusionBlock> block;
  std::shared_ptr<MapAttention> attention;
  Tensor run(const Tensor& x, const Tensor& time) const {
    const auto y = block->forward(x, time);
    return attention ? attention->forward(y) : y;
  }
};

class Ddpm final : public Network {
 public:
  explicit Ddpm(const BuildOptions& o) {
    constexpr std::int64_t kBase = 128;
    constexpr std::int64_t kLead = 512;
    constexpr std::array<std::int64_t, 4> kLevels{128, 256, 256, 256};
    constexpr std::size_t kAttentionLevel = 1;
    time_ = register_module("time", std::make_shared<TimeEmbedding>(o, kBase, kLead));
    first_ = register_module("first", plain_conv(o, 3, kBase));
    std::vector<std::int64_t> kept{kBase};
    auto channels = kBase;
    const auto unit = [&](std::int64_t in, std::int64_t out, bool attention) {
      const auto n = std::to_string(count_++);
      DdpmUnit u{register_module("block" + n, std::make_shared<DiffusionBlock>(o, in, out, kLead, kDdpmEps)), nullptr};
      if (attention) {
        u.attention = register_module("attention" + n, std::make_shared<MapAttention>(o, out, kDdpmEps));
      }
      return u;
    };
    for (std::size_t level = 0; level < kLevels.size(); ++level) {
      for (int i = 0; i < 2; ++i) {
        down_.push_back(unit(channels, kLevels[level], level == kAttentionLevel));
        channels = kLevels[level];
        kept.push_back(channels);
      }
      if (level + 1 < kLevels.size()) {
        shrink_.push_back(register_module("shrink" + std::to_string(level), plain_conv(o, channels, channels, 3, 2)));
        kept.push_back(channels);
      }
    }
    middle1_ = unit(channels, channels, true);
    middle2_ = unit(channels, channels, false);
    for (std::size_t level = kLevels.size(); level-- > 0;) {
      for (int i = 0; i < 3; ++i) {
        up_.push_back(unit(channels + kept.back(), kLevels[level], level == kAttentionLevel));
        kept.pop_back();
        channels = kLevels[level];
      }
      if (level > 0) {
        grow_.push_back(register_module("grow" + std::to_string(level), plain_conv(o, channels, channels)));
      }
    }
    norm_ = register_module("norm", std::make_shared<GroupNorm>(o, channels, kDdpmEps));
    last_ = register_module("last", plain_conv(o, channels, 3));
  }

  // in: noisy images [N,3,H,W], time steps [N]
  Tensor forward(const Tensors& in) override {
    const auto time = time_->forward(in.at(1));
    auto y = first_->forward(in.at(0));
    std::vector<Tensor> kept{y};
    for (std::size_t i = 0; i < down_.size(); ++i) {
      y = down_[i].run(y, time);
      kept.push_back(y);
      if (i % 2 == 1 && i / 2 < shrink_.size()) {
        y = shrink_[i / 2]->forward(y);
        kept.push_back(y);
      }
    }
    y = middle2_.run(middle1_.run(y, time), time);
    for (std::size_t i = 0; i < up_.size(); ++i) {
      y = up_[i].run(torch::cat({y, kept.back()}, 1), time);
      kept.pop_back();
      if (i % 3 == 2 && i / 3 < grow_.size()) {
        y = grow_[i / 3]->forward(twice_as_large(y));
      }
    }
    return last_->forward(ops::silu(norm_->forward(y)));
  }

 private:
  int count_ = 0;
  std::shared_ptr<TimeEmbedding> time_;
  std::shared_ptr<Conv> first_, last_;
  std::vector<DdpmUnit> down_, up_;
  DdpmUnit middle1_, middle2_;
  std::vector<std::shared_ptr<Conv>> shrink_, grow_;
  std::shared_ptr<GroupNorm> norm_;
};

}  // namespace

NetworkSpec ddpm() {
  NetworkSpec s;
  s.name = "ddpm";
  s.title = "DDPM U-Net";
  s.task = "generation";
  s.reference = "arXiv:2006.11239";
  s.input = {3, 32, 32};
  s.unit = "step";
  s.build = [](const BuildOptions& o) { return std::make_shared<Ddpm>(o); };
  s.more_inputs = [](const BuildOptions& o, std::int64_t batch) {
    return Tensors{constant_parameter(o, {batch}, 500.0)};
  };
  return s;
}

}  // namespace impact::worker
