// This file holds the bottlenecks of the three segmentation networks and how a map is resized among them.
#pragma once

#include "worker/networks/blocks.hpp"

namespace impact::worker {

// Computes relu(x or projection(x) + increase(3x3(reduce(x)))). As in their Caffe originals, the stride is at the first
// 1 x 1.
class Bottleneck final : public Layer {
 public:
  struct Shape {
    std::int64_t in = 0, mid = 0, out = 0, stride = 1, dilation = 1;
    bool projection = false;
  };
  Bottleneck(const BuildOptions& o, NormOptions norm, bool bias, const Shape& s);
  Tensor forward(const Tensor& x) override;

 private:
  std::shared_ptr<Chain> body_;
  std::shared_ptr<Conv> projection_;
};

// Makes `count` bottlenecks, of which the first projects and has the stride.
void add_bottlenecks(Chain& to, const BuildOptions& o, NormOptions norm, bool bias, Bottleneck::Shape first, int count);

// These resize a map bilinearly with corners aligned, to the size of another map or to a multiple of its own.
inline Tensor resize_like(const Tensor& x, const Tensor& other) {
  return ops::resize_bilinear(x, {other.size(2), other.size(3)}, true);
}

NetworkSpec segmentation_spec(std::string name, std::string title, std::string reference, std::int64_t height,
                              std::int64_t width);

}  // namespace impact::worker
