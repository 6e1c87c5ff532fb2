// This is ICNet (arXiv 1704.08545): it has three branches at full, half and quarter size, and its normalisation is
// folded into the convolutions.
//
// In AI Benchmark's graph only the last 1 x 1 convolution (60 numbers) may be trained, so that its "training" is a
// forward pass and a tiny backward one. Variant "faithful" does that; variant "all" trains everything.
#include "worker/networks/segmentation.hpp"

namespace impact::worker {
namespace {

class IcNet final : public ImageNetwork {
 public:
  explicit IcNet(const BuildOptions& o) {
    const ConvMaker c(o, {}, Act::relu, true);
    const ConvMaker plain(o, {}, Act::none, true);
    const Pair two{2, 2};
    full_ = register_module("full", chain(c(3, 32, {3, 3}, two), c(32, 32, {3, 3}, two), c(32, 64, {3, 3}, two)));
    full_out_ = register_module("full_out", plain(64, 128));
    half_ = register_module(
        "half", chain(c(3, 32, {3, 3}, two), c(32, 32, {3, 3}), c(32, 64, {3, 3}), max_pool({3, 3}, two, Pad::valid)));
    add_bottlenecks(*half_, o, {}, true, {.in = 64, .mid = 32, .out = 128}, 3);
    add_bottlenecks(*half_, o, {}, true, {.in = 128, .mid = 64, .out = 256, .stride = 2}, 1);
    half_out_ = register_module("half_out", plain(256, 128));
    quarter_ = register_module("quarter", std::make_shared<Chain>());
    for (int i = 0; i < 3; ++i) {
      quarter_->add(
          std::make_shared<Bottleneck>(o, NormOptions{}, true, Bottleneck::Shape{.in = 256, .mid = 64, .out = 256}));
    }
    add_bottlenecks(*quarter_, o, {}, true, {.in = 256, .mid = 128, .out = 512, .dilation = 2}, 6);
    add_bottlenecks(*quarter_, o, {}, true, {.in = 512, .mid = 256, .out = 1024, .dilation = 4}, 3);
    quarter_out_ = register_module("quarter_out", c(1024, 256));
    join_quarter_ = register_module("join_quarter", plain(256, 128, {3, 3}, {1, 1}, Pad::centred, 2));
    join_half_ = register_module("join_half", plain(128, 128, {3, 3}, {1, 1}, Pad::centred, 2));
    classes_ = register_module("classes", plain(128, 19));
    head_ = register_module("head", plain(19, 3));
    if (o.variant == "faithful") {
      for (auto& p : parameters()) {
        p.set_requires_grad(false);
      }
      for (auto& p : head_->parameters()) {
        p.set_requires_grad(true);
      }
    }
  }

 private:
  // Takes means over parts of the map, spreads them over it again and adds them up.
  static Tensor pyramid(const Tensor& x) {
    auto sum = x;
    for (const Pair kernel : {Pair{32, 48}, Pair{16, 24}, Pair{10, 16}, Pair{8, 12}}) {
      const Pair fitted{std::min(kernel[0], x.size(2)), std::min(kernel[1], x.size(3))};
      sum = sum + resize_like(ops::avg_pool(x, fitted, fitted, Pad::valid), x);
    }
    return sum;
  }

  Tensor run(const Tensor& image) override {
    const auto x = image / 127.5 - 1.0;
    const auto full = full_out_->forward(full_->forward(x));
    const auto half_map = half_->forward(ops::resize_bilinear(x, {x.size(2) / 2, x.size(3) / 2}, true));
    const auto quarter_in = ops::resize_bilinear(half_map, {half_map.size(2) / 2, half_map.size(3) / 2}, true);
    const auto quarter = quarter_out_->forward(pyramid(quarter_->forward(quarter_in)));
    auto y = join_quarter_->forward(resize_like(quarter, half_map)) + half_out_->forward(half_map);
    y = resize_like(activate(y, Act::relu), full);
    y = activate(join_half_->forward(y) + full, Act::relu);
    y = classes_->forward(ops::resize_bilinear(y, {2 * y.size(2), 2 * y.size(3)}, true));
    return torch::tanh(head_->forward(resize_like(y, x)));
  }

  std::shared_ptr<Chain> full_, half_, quarter_;
  std::shared_ptr<Conv> full_out_, half_out_, quarter_out_, join_quarter_, join_half_, classes_, head_;
};

}  // namespace

NetworkSpec icnet() {
  auto s = segmentation_spec("icnet", "ICNet", "arXiv:1704.08545", 1024, 1536);
  s.variants = {"faithful", "all"};
  s.build = [](const BuildOptions& o) { return std::make_shared<IcNet>(o); };
  return s;
}

}  // namespace impact::worker
