// This is Inception-V3 (arXiv 1512.00567) as TF-slim builds it: it has 95 convolutions, and no auxiliary head, because
// nothing of that reaches the output.
#include "worker/networks/inception.hpp"

namespace impact::worker {
namespace {

using Sides = std::int64_t;

std::shared_ptr<Branches> v3_mixed5(const BuildOptions& o, Sides in, Sides pooled) {
  const auto c = inception_conv(o);
  return branches(c(in, 64), chain(c(in, 48), c(48, 64, {5, 5})),
                  chain(c(in, 64), c(64, 96, kThree), c(96, 96, kThree)), chain(inception_mean(), c(in, pooled)));
}

std::shared_ptr<Branches> v3_mixed6(const BuildOptions& o, Sides mid) {
  const auto c = inception_conv(o);
  return branches(
      c(768, 192), chain(c(768, mid), c(mid, mid, {1, 7}), c(mid, 192, {7, 1})),
      chain(c(768, mid), c(mid, mid, {7, 1}), c(mid, mid, {1, 7}), c(mid, mid, {7, 1}), c(mid, 192, {1, 7})),
      chain(inception_mean(), c(768, 192)));
}

std::shared_ptr<Branches> v3_mixed7(const BuildOptions& o, Sides in) {
  const auto c = inception_conv(o);
  const auto split = [&] { return branches(c(384, 384, {1, 3}), c(384, 384, {3, 1})); };
  return branches(c(in, 320), chain(c(in, 384), split()), chain(c(in, 448), c(448, 384, kThree), split()),
                  chain(inception_mean(), c(in, 192)));
}

class InceptionV3 final : public ImageNetwork {
 public:
  explicit InceptionV3(const BuildOptions& o) {
    const auto c = inception_conv(o);
    stem_ = register_module(
        "stem", chain(c(o.input.at(0), 32, kThree, kTwice, Pad::valid), c(32, 32, kThree, {1, 1}, Pad::valid),
                      c(32, 64, kThree), inception_shrink(), c(64, 80, {1, 1}, {1, 1}, Pad::valid),
                      c(80, 192, kThree, {1, 1}, Pad::valid), inception_shrink()));
    auto shrink6 =
        branches(c(288, 384, kThree, kTwice, Pad::valid),
                 chain(c(288, 64), c(64, 96, kThree), c(96, 96, kThree, kTwice, Pad::valid)), inception_shrink());
    auto shrink7 =
        branches(chain(c(768, 192), c(192, 320, kThree, kTwice, Pad::valid)),
                 chain(c(768, 192), c(192, 192, {1, 7}), c(192, 192, {7, 1}), c(192, 192, kThree, kTwice, Pad::valid)),
                 inception_shrink());
    mixed_ = register_module(
        "mixed", chain(v3_mixed5(o, 192, 32), v3_mixed5(o, 256, 64), v3_mixed5(o, 288, 64), shrink6, v3_mixed6(o, 128),
                       v3_mixed6(o, 160), v3_mixed6(o, 160), v3_mixed6(o, 192), shrink7, v3_mixed7(o, 1280),
                       v3_mixed7(o, 2048), avg_pool_at_most({8, 8}, kTwice)));
    head_ = register_module("head", std::make_shared<Linear>(o, 2048, o.classes));
  }

 private:
  Tensor run(const Tensor& x) override { return head_->forward(flat(mixed_->forward(stem_->forward(x)))); }
  std::shared_ptr<Chain> stem_, mixed_;
  std::shared_ptr<Linear> head_;
};

}  // namespace

NetworkSpec inception_spec(std::string name, std::string title, std::string reference) {
  NetworkSpec s;
  s.name = std::move(name);
  s.title = std::move(title);
  s.task = "classification";
  s.reference = std::move(reference);
  s.input = {3, 346, 346};
  s.classes = 1001;
  s.softmax = true;
  return s;
}

NetworkSpec inception_v3() {
  auto s = inception_spec("inception-v3", "Inception-V3", "arXiv:1512.00567");
  s.build = [](const BuildOptions& o) { return std::make_shared<InceptionV3>(o); };
  return s;
}

}  // namespace impact::worker
