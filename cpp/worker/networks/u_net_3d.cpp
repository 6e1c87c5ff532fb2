// This is the 3-D U-Net (arXiv 1606.06650) for volumes, with 32 to 512 channels over four levels. Its convolutions are
// padded, so that the output has the input's size; its normalisation has neither scale nor shift and its
// up-convolutions have no bias, as its published 19,069,955 parameters say.
#include "worker/networks/blocks.hpp"

#include <cmath>

namespace impact::worker {
namespace {

class Conv3d final : public Layer {
 public:
  Conv3d(const BuildOptions& o, std::int64_t in, std::int64_t out, std::int64_t kernel, bool normalised)
      : padding_(kernel / 2), normalised_(normalised), statistics_(o.batch_norm) {
    const auto fan_in = static_cast<double>(in * kernel * kernel * kernel);
    weight_ = register_parameter(
        "weight", normal_parameter(o, {out, in, kernel, kernel, kernel}, std::sqrt((normalised ? 2.0 : 1.0) / fan_in)));
    bias_ = register_parameter("bias", constant_parameter(o, {out}, 0.0));
    if (normalised) {
      mean_ = register_buffer("running_mean", constant_parameter(o, {out}, 0.0));
      variance_ = register_buffer("running_var", constant_parameter(o, {out}, 1.0));
    }
  }
  Tensor forward(const Tensor& x) override {
    const auto y = ops::conv3d(x, weight_, bias_, 1, padding_);
    if (!normalised_) {
      return y;
    }
    return activate(batch_normalised(statistics_, is_training(), y, {}, {}, mean_, variance_, 1e-5), Act::relu);
  }

 private:
  std::int64_t padding_;
  bool normalised_;
  BatchNorm statistics_;
  Tensor weight_, bias_, mean_, variance_;
};

class UNet3d final : public ImageNetwork {
 public:
  explicit UNet3d(const BuildOptions& o) {
    const auto pair = [&](std::int64_t in, std::int64_t mid, std::int64_t out) {
      return chain(std::make_shared<Conv3d>(o, in, mid, 3, true), std::make_shared<Conv3d>(o, mid, out, 3, true));
    };
    auto in = o.input.at(0);
    for (const std::int64_t out : {64, 128, 256, 512}) {
      down_.push_back(register_module("down" + std::to_string(out), pair(in, out / 2, out)));
      in = out;
    }
    for (const std::int64_t out : {256, 128, 64}) {
      grow_.push_back(
          register_module("grow" + std::to_string(out), std::make_shared<UpConv>(o, 2 * out, 2 * out, 2, 3, false)));
      up_.push_back(register_module("up" + std::to_string(out), pair(3 * out, out, out)));
    }
    head_ = register_module("head", std::make_shared<Conv3d>(o, 64, o.classes, 1, false));
  }

 private:
  Tensor run(const Tensor& x) override {
    for (std::int64_t d = 2; d < 5; ++d) {
      if (x.size(d) % 8 != 0) {
        throw std::invalid_argument("3-D U-Net takes sides that are multiples of 8");
      }
    }
    std::vector<Tensor> kept;
    auto y = x;
    for (std::size_t i = 0; i < down_.size(); ++i) {
      y = down_[i]->forward(i == 0 ? y : ops::max_pool3d(y, 2));
      kept.push_back(y);
    }
    for (std::size_t i = 0; i < up_.size(); ++i) {
      y = up_[i]->forward(torch::cat({grow_[i]->forward(y), kept[kept.size() - 2 - i]}, 1));
    }
    return head_->forward(y);
  }
  std::vector<std::shared_ptr<Chain>> down_, up_;
  std::vector<std::shared_ptr<UpConv>> grow_;
  std::shared_ptr<Conv3d> head_;
};

}  // namespace

NetworkSpec u_net_3d() {
  NetworkSpec s;
  s.name = "u-net-3d";
  s.title = "3-D U-Net";
  s.task = "volume-segmentation";
  s.reference = "arXiv:1606.06650";
  s.input = {3, 64, 64, 64};
  s.classes = 3;
  s.unit = "volume";
  s.build = [](const BuildOptions& o) { return std::make_shared<UNet3d>(o); };
  return s;
}

}  // namespace impact::worker
