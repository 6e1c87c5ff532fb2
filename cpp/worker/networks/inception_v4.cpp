// This is Inception-V4 (arXiv 1602.07261) as TF-slim builds it: it has 149 convolutions and one matrix product.
#include "worker/networks/inception.hpp"

namespace impact::worker {
namespace {

std::shared_ptr<Branches> v4_block_a(const BuildOptions& o) {
  const auto c = inception_conv(o);
  return branches(c(384, 96), chain(c(384, 64), c(64, 96, kThree)),
                  chain(c(384, 64), c(64, 96, kThree), c(96, 96, kThree)), chain(inception_mean(), c(384, 96)));
}

std::shared_ptr<Branches> v4_block_b(const BuildOptions& o) {
  const auto c = inception_conv(o);
  return branches(
      c(1024, 384), chain(c(1024, 192), c(192, 224, {1, 7}), c(224, 256, {7, 1})),
      chain(c(1024, 192), c(192, 192, {7, 1}), c(192, 224, {1, 7}), c(224, 224, {7, 1}), c(224, 256, {1, 7})),
      chain(inception_mean(), c(1024, 128)));
}

std::shared_ptr<Branches> v4_block_c(const BuildOptions& o) {
  const auto c = inception_conv(o);
  const auto split = [&](std::int64_t in) { return branches(c(in, 256, {1, 3}), c(in, 256, {3, 1})); };
  return branches(c(1536, 256), chain(c(1536, 384), split(384)),
                  chain(c(1536, 384), c(384, 448, {3, 1}), c(448, 512, {1, 3}), split(512)),
                  chain(inception_mean(), c(1536, 256)));
}

std::shared_ptr<Chain> v4_stem(const BuildOptions& o) {
  const auto c = inception_conv(o);
  const Pair one{1, 1};
  return chain(c(o.input.at(0), 32, kThree, kTwice, Pad::valid), c(32, 32, kThree, one, Pad::valid), c(32, 64, kThree),
               branches(inception_shrink(), c(64, 96, kThree, kTwice, Pad::valid)),
               branches(chain(c(160, 64), c(64, 96, kThree, one, Pad::valid)),
                        chain(c(160, 64), c(64, 64, {1, 7}), c(64, 64, {7, 1}), c(64, 96, kThree, one, Pad::valid))),
               branches(c(192, 192, kThree, kTwice, Pad::valid), inception_shrink()));
}

class InceptionV4 final : public ImageNetwork {
 public:
  explicit InceptionV4(const BuildOptions& o) {
    const auto c = inception_conv(o);
    body_ = register_module("body", v4_stem(o));
    for (int i = 0; i < 4; ++i) {
      body_->add(v4_block_a(o));
    }
    body_->add(branches(c(384, 384, kThree, kTwice, Pad::valid),
                        chain(c(384, 192), c(192, 224, kThree), c(224, 256, kThree, kTwice, Pad::valid)),
                        inception_shrink()));
    for (int i = 0; i < 7; ++i) {
      body_->add(v4_block_b(o));
    }
    body_->add(
        branches(chain(c(1024, 192), c(192, 192, kThree, kTwice, Pad::valid)),
                 chain(c(1024, 256), c(256, 256, {1, 7}), c(256, 320, {7, 1}), c(320, 320, kThree, kTwice, Pad::valid)),
                 inception_shrink()));
    for (int i = 0; i < 3; ++i) {
      body_->add(v4_block_c(o));
    }
    head_ = register_module("head", std::make_shared<Linear>(o, 1536, o.classes));
  }

 private:
  Tensor run(const Tensor& x) override { return head_->forward(flat(ops::global_mean(body_->forward(x)))); }
  std::shared_ptr<Chain> body_;
  std::shared_ptr<Linear> head_;
};

}  // namespace

NetworkSpec inception_v4() {
  auto s = inception_spec("inception-v4", "Inception-V4", "arXiv:1602.07261");
  s.build = [](const BuildOptions& o) { return std::make_shared<InceptionV4>(o); };
  return s;
}

}  // namespace impact::worker
