// This is BERT-base, uncased (arXiv 1810.04805): it has 12 layers of width 768 over 30,522 word pieces, and its output
// is the pooled first token.
#include "worker/networks/transformer.hpp"

namespace impact::worker {
namespace {

constexpr std::int64_t kBertWords = 30522;

class Bert final : public Network {
 public:
  explicit Bert(const BuildOptions& o) {
    const TransformerShape shape{.norm_first = false, .eps = 1e-12};
    const auto table = [&](const char* name, std::int64_t rows) {
      return register_parameter(name, normal_parameter(o, {rows, shape.width}, 0.02));
    };
    words_ = table("words", kBertWords);
    positions_ = table("positions", 512);
    kinds_ = table("kinds", 2);
    norm_ = register_module("norm", std::make_shared<LayerNorm>(o, shape.width, shape.eps));
    layers_ = transformer_layers(*this, o, shape);
    pool_ = register_module("pool", std::make_shared<Linear>(o, shape.width, shape.width));
  }
  Tensor forward(const Tensors& in) override {
    const auto& tokens = in.at(0);
    auto y =
        norm_->forward(ops::embedding(words_, tokens) + positions(positions_, tokens.size(1)) + kinds_.select(0, 0));
    for (const auto& layer : layers_) {
      y = layer->forward(y);
    }
    return torch::tanh(pool_->forward(y.select(1, 0)));
  }

 private:
  Tensor words_, positions_, kinds_;
  std::shared_ptr<LayerNorm> norm_;
  std::vector<std::shared_ptr<TransformerLayer>> layers_;
  std::shared_ptr<Linear> pool_;
};

}  // namespace

NetworkSpec bert_base() {
  NetworkSpec s;
  s.name = "bert-base";
  s.title = "BERT-base";
  s.task = "text";
  s.reference = "arXiv:1810.04805";
  s.input = {128};
  s.unit = "sequence";
  s.range = {0, static_cast<double>(kBertWords), true};
  s.build = [](const BuildOptions& o) { return std::make_shared<Bert>(o); };
  return s;
}

}  // namespace impact::worker
