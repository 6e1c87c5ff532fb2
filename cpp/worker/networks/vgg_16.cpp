// This is VGG-16 (arXiv 1409.1556): it has 13 convolutions, and three more in the place of the fully connected layers.
#include "worker/networks/blocks.hpp"

namespace impact::worker {
namespace {

class Vgg16 final : public ImageNetwork {
 public:
  explicit Vgg16(const BuildOptions& o) : body_(register_module("body", std::make_shared<Chain>())) {
    const ConvMaker c(o, {}, Act::relu, true);
    std::int64_t in = o.input.at(0);
    struct Stage {
      int convolutions;
      std::int64_t channels;
    };
    for (const auto [convolutions, channels] :
         {Stage{2, 64}, Stage{2, 128}, Stage{3, 256}, Stage{3, 512}, Stage{3, 512}}) {
      for (int i = 0; i < convolutions; ++i) {
        body_->add(c(in, channels, {3, 3}));
        in = channels;
      }
      body_->add(max_pool({2, 2}, {2, 2}, Pad::valid));
    }
    body_->add(c(512, 4096, {7, 7}, {1, 1}, Pad::valid));
    body_->add(c(4096, 4096));
    body_->add(std::make_shared<Conv>(o, ConvOptions{.in = 4096, .out = o.classes, .bias = true}));
  }

 private:
  Tensor run(const Tensor& x) override { return flat(ops::global_mean(body_->forward(x))); }
  std::shared_ptr<Chain> body_;
};

}  // namespace

NetworkSpec vgg_16() {
  NetworkSpec s;
  s.name = "vgg-16";
  s.title = "VGG-16";
  s.task = "classification";
  s.reference = "arXiv:1409.1556";
  s.input = {3, 224, 224};
  s.classes = 1000;
  s.build = [](const BuildOptions& o) { return std::make_shared<Vgg16>(o); };
  return s;
}

}  // namespace impact::worker
