// This is the text encoder of Stable Diffusion 1 (CLIP ViT-L/14's, arXiv 2103.00020): it reads 77 tokens through 12
// causal layers of 768.
#include "worker/networks/transformer.hpp"

namespace impact::worker {
namespace {

constexpr std::int64_t kClipTokens = 49408;

class ClipText final : public Network {
 public:
  explicit ClipText(const BuildOptions& o) {
    const TransformerShape shape{.causal = true, .gelu = Gelu::quick};
    words_ = register_parameter("words", normal_parameter(o, {kClipTokens, shape.width}, 0.02));
    positions_ = register_parameter("positions", normal_parameter(o, {77, shape.width}, 0.01));
    layers_ = transformer_layers(*this, o, shape);
    norm_ = register_module("norm", std::make_shared<LayerNorm>(o, shape.width, shape.eps));
  }
  Tensor forward(const Tensors& in) override {
    auto y = ops::embedding(words_, in.at(0)) + positions(positions_, in.at(0).size(1));
    for (const auto& layer : layers_) {
      y = layer->forward(y);
    }
    return norm_->forward(y);
  }

 private:
  Tensor words_, positions_;
  std::vector<std::shared_ptr<TransformerLayer>> layers_;
  std::shared_ptr<LayerNorm> norm_;
};

}  // namespace

NetworkSpec sd1_text() {
  NetworkSpec s;
  s.name = "sd1-text";
  s.title = "Stable Diffusion 1: text encoder";
  s.task = "text";
  s.reference = "arXiv:2112.10752";
  s.input = {77};
  s.unit = "prompt";
  s.trainable = false;
  s.range = {0, static_cast<double>(kClipTokens), true};
  s.build = [](const BuildOptions& o) { return std::make_shared<ClipText>(o); };
  return s;
}

}  // namespace impact::worker
