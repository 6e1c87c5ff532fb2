// This is GPT-2 with 124 M parameters (Radford et al. 2019): it has 12 layers of 768 over 50,257 tokens and reads up to
// 1024 of them; input and output share one table. Its two kinds of work are two networks here, since a joule buys very
// different amounts of each:
//   gpt2-prefill  a pass reads a whole prompt and gives the scores of what follows
//   gpt2-decode   a pass makes one further token per sequence, with the keys and values of the tokens before it in a
//   cache
// small-gpt is the same over bytes, 4 layers of 128 (858,880 parameters): small enough to be trained to a loss on a
// laptop.
#include "worker/networks/transformer.hpp"

namespace impact::worker {
namespace {

constexpr std::int64_t kGptTokens = 50257;
const TransformerShape kGptShape{.causal = true, .gelu = Gelu::tanh_form};
const TransformerShape kSmallGptShape{
    .width = 128, .heads = 4, .layers = 4, .hidden = 512, .causal = true, .gelu = Gelu::tanh_form};

struct GptSize {
  TransformerShape shape;
  std::int64_t tokens = kGptTokens;
  std::int64_t longest = 1024;
};

class Gpt2 final : public Network {
 public:
  Gpt2(const BuildOptions& o, const GptSize& size, bool decode) : decode_(decode) {
    const auto& shape = size.shape;
    words_ = register_parameter("words", normal_parameter(o, {size.tokens, shape.width}, 0.02));
    positions_ = register_parameter("positions", normal_parameter(o, {size.longest, shape.width}, 0.01));
    layers_ = transformer_layers(*this, o, shape);
    norm_ = register_module("norm", std::make_shared<LayerNorm>(o, shape.width, shape.eps));
  }

  // Returns the scores of every place, which training needs: [N,tokens,T].
  Tensor forward(const Tensors& in) override {
    return decode_ ? next_token(in) : ops::linear(through(in.at(0)), words_, {}).transpose(1, 2);
  }
  Tensor infer(const Tensors& in) override {
    return decode_ ? next_token(in) : ops::linear(through(in.at(0)).slice(1, -1), words_, {});
  }

 private:
  Tensor through(const Tensor& tokens) {
    auto y = ops::embedding(words_, tokens) + positions(positions_, tokens.size(1));
    for (const auto& layer : layers_) {
      y = layer->forward(y);
    }
    return norm_->forward(y);
  }

  // in: the prompt's tokens [N,T] (the last one is new), and the cache [layers,2,N,heads,T,d].
  Tensor next_token(const Tensors& in) {
    const auto& tokens = in.at(0);
    const auto& cache = in.at(1);
    const auto place = tokens.size(1) - 1;
    auto y = ops::embedding(words_, tokens.slice(1, place)) + positions(positions_, place + 1).slice(1, place);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      y = layers_[i]->decode(y, cache.select(0, static_cast<std::int64_t>(i)));
    }
    return ops::linear(norm_->forward(y), words_, {});
  }

  bool decode_;
  Tensor words_, positions_;
  std::vector<std::shared_ptr<TransformerLayer>> layers_;
  std::shared_ptr<LayerNorm> norm_;
};

NetworkSpec gpt2_spec(const char* name, const char* title, const char* unit, bool decode) {
  NetworkSpec s;
  s.name = name;
  s.title = title;
  s.task = "text";
  s.reference = "Radford et al. 2019, Language Models are Unsupervised Multitask Learners";
  s.input = {512};
  s.unit = unit;
  s.trainable = !decode;
  s.range = {0, static_cast<double>(kGptTokens), true};
  s.predicts_text = !decode;
  s.build = [decode](const BuildOptions& o) { return std::make_shared<Gpt2>(o, GptSize{kGptShape}, decode); };
  return s;
}

}  // namespace

NetworkSpec gpt2_prefill() { return gpt2_spec("gpt2-prefill", "GPT-2 prefill", "sequence", false); }

NetworkSpec small_gpt() {
  auto s = gpt2_spec("small-gpt", "Small GPT", "sequence", false);
  s.input = {128};
  s.range.high = 256;
  s.build = [](const BuildOptions& o) { return std::make_shared<Gpt2>(o, GptSize{kSmallGptShape, 256, 256}, false); };
  return s;
}

NetworkSpec gpt2_decode() {
  auto s = gpt2_spec("gpt2-decode", "GPT-2 decode", "token", true);
  s.more_inputs = [](const BuildOptions& o, std::int64_t batch) {
    return Tensors{normal_parameter(
        o, {kGptShape.layers, 2, batch, kGptShape.heads, o.input.at(0), kGptShape.width / kGptShape.heads}, 1.0)};
  };
  return s;
}

}  // namespace impact::worker
