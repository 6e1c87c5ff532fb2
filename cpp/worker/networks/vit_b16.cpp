// This is ViT-B/16 (arXiv 2010.11929): it reads patches of 16 x 16 through 12 layers of 768, and the class token gives
// 1000 classes.
#include "worker/networks/transformer.hpp"

namespace impact::worker {
namespace {

class VisionTransformer final : public ImageNetwork {
 public:
  explicit VisionTransformer(const BuildOptions& o) {
    constexpr std::int64_t kPatch = 16;
    const TransformerShape shape{.eps = 1e-6};
    const auto tokens = (o.input.at(1) / kPatch) * (o.input.at(2) / kPatch) + 1;
    patches_ = register_module("patches", std::make_shared<Conv>(o, ConvOptions{.in = o.input.at(0),
                                                                                .out = shape.width,
                                                                                .kernel = {kPatch, kPatch},
                                                                                .stride = {kPatch, kPatch},
                                                                                .pad = Pad::valid,
                                                                                .bias = true}));
    class_token_ = register_parameter("class_token", constant_parameter(o, {1, 1, shape.width}, 0.0));
    positions_ = register_parameter("positions", normal_parameter(o, {1, tokens, shape.width}, 0.02));
    layers_ = transformer_layers(*this, o, shape);
    norm_ = register_module("norm", std::make_shared<LayerNorm>(o, shape.width, shape.eps));
    head_ = register_module("head", std::make_shared<Linear>(o, shape.width, o.classes));
  }

 private:
  Tensor run(const Tensor& x) override {
    const auto patches = patches_->forward(x).flatten(2).transpose(1, 2);
    auto y = torch::cat({class_token_.expand({x.size(0), -1, -1}), patches}, 1) + positions_;
    for (const auto& layer : layers_) {
      y = layer->forward(y);
    }
    return head_->forward(norm_->forward(y.select(1, 0)));
  }
  std::shared_ptr<Conv> patches_;
  Tensor class_token_, positions_;
  std::vector<std::shared_ptr<TransformerLayer>> layers_;
  std::shared_ptr<LayerNorm> norm_;
  std::shared_ptr<Linear> head_;
};

}  // namespace

NetworkSpec vit_b16() {
  NetworkSpec s;
  s.name = "vit-b16";
  s.title = "ViT-B/16";
  s.task = "classification";
  s.reference = "arXiv:2010.11929";
  s.input = {3, 224, 224};
  s.classes = 1000;
  s.build = [](const BuildOptions& o) { return std::make_shared<VisionTransformer>(o); };
  return s;
}

}  // namespace impact::worker
