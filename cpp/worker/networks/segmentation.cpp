#include "worker/networks/segmentation.hpp"

namespace impact::worker {

Bottleneck::Bottleneck(const BuildOptions& o, NormOptions norm, bool bias, const Shape& s) {
  const ConvMaker c(o, norm, Act::relu, bias);
  const ConvMaker last(o, norm, Act::none, bias);
  const Pair stride{s.stride, s.stride};
  body_ = register_module("body", chain(c(s.in, s.mid, {1, 1}, stride),
                                        c(s.mid, s.mid, {3, 3}, {1, 1}, Pad::centred, s.dilation), last(s.mid, s.out)));
  if (s.projection) {
    projection_ = register_module("projection", last(s.in, s.out, {1, 1}, stride));
  }
}

Tensor Bottleneck::forward(const Tensor& x) {
  return activate((projection_ ? projection_->forward(x) : x) + body_->forward(x), Act::relu);
}

void add_bottlenecks(Chain& to, const BuildOptions& o, NormOptions norm, bool bias, Bottleneck::Shape first,
                     int count) {
  first.projection = true;
  to.add(std::make_shared<Bottleneck>(o, norm, bias, first));
  auto next = first;
  next.in = first.out;
  next.stride = 1;
  next.projection = false;
  for (int i = 1; i < count; ++i) {
    to.add(std::make_shared<Bottleneck>(o, norm, bias, next));
  }
}

NetworkSpec segmentation_spec(std::string name, std::string title, std::string reference, std::int64_t height,
                              std::int64_t width) {
  NetworkSpec s;
  s.name = std::move(name);
  s.title = std::move(title);
  s.task = "segmentation";
  s.reference = std::move(reference);
  s.input = {3, height, width};
  s.range = {0.0, 255.0, false};
  return s;
}

}  // namespace impact::worker
