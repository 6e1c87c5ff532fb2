// This is U-Net (arXiv 1505.04597) with padding, instance normalisation and 64 to 1024 channels.
#include "worker/networks/enhancement.hpp"

namespace impact::worker {
namespace {

std::shared_ptr<Chain> u_net_pair(const BuildOptions& o, std::int64_t in, std::int64_t out) {
  const ConvMaker c(o, {Norm::instance, 1e-3}, Act::relu, true);
  return chain(c(in, out, {3, 3}), c(out, out, {3, 3}));
}

class UNet final : public ImageNetwork {
 public:
  explicit UNet(const BuildOptions& o) {
    std::int64_t in = 3;
    for (std::int64_t channels = 64; channels <= 1024; channels *= 2) {
      down_.push_back(register_module("down" + std::to_string(channels), u_net_pair(o, in, channels)));
      in = channels;
    }
    for (std::int64_t channels = 512; channels >= 64; channels /= 2) {
      grow_.push_back(
          register_module("grow" + std::to_string(channels), std::make_shared<UpConv>(o, 2 * channels, channels, 2)));
      up_.push_back(register_module("up" + std::to_string(channels), u_net_pair(o, 2 * channels, channels)));
    }
    head_ = register_module("head", ConvMaker(o, {}, Act::none, true)(64, 3));
  }

 private:
  Tensor run(const Tensor& x) override {
    if (x.size(2) % 16 != 0 || x.size(3) % 16 != 0) {
      throw std::invalid_argument("U-Net takes sides that are multiples of 16");
    }
    std::vector<Tensor> kept;
    auto y = x / 255.0;
    for (std::size_t i = 0; i < down_.size(); ++i) {
      y = down_[i]->forward(i == 0 ? y : ops::max_pool(y, {2, 2}, {2, 2}, Pad::valid));
      kept.push_back(y);
    }
    for (std::size_t i = 0; i < up_.size(); ++i) {
      y = up_[i]->forward(torch::cat({grow_[i]->forward(y), kept[kept.size() - 2 - i]}, 1));
    }
    return stretched_tanh(head_->forward(y));
  }
  std::vector<std::shared_ptr<Chain>> down_, up_;
  std::vector<std::shared_ptr<UpConv>> grow_;
  std::shared_ptr<Conv> head_;
};

}  // namespace

NetworkSpec u_net() {
  auto s = enhancement_spec("u-net", "U-Net", "arXiv:1505.04597", 256);
  s.build = [](const BuildOptions& o) { return std::make_shared<UNet>(o); };
  return s;
}

}  // namespace impact::worker
