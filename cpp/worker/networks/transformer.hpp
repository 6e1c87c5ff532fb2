// This file holds transformer layers over [batch, tokens, width].
#pragma once

#include "worker/networks/blocks.hpp"

namespace impact::worker {

class LayerNorm final : public Layer {
 public:
  LayerNorm(const BuildOptions& o, std::int64_t width, double eps);
  Tensor forward(const Tensor& x) override { return ops::layer_norm(x, weight_, bias_, eps_); }

 private:
  double eps_;
  Tensor weight_, bias_;
};

// These make [N,heads,T,D/heads] of [N,T,D], and the reverse.
Tensor split_heads(const Tensor& x, std::int64_t heads);
Tensor join_heads(const Tensor& x);

// Lets every token attend to every other (causal: to itself and those before it); queries, keys and values come from
// one product.
class SelfAttention final : public Layer {
 public:
  SelfAttention(const BuildOptions& o, std::int64_t width, std::int64_t heads, bool causal);
  Tensor forward(const Tensor& x) override;
  // Adds one new token per sequence, x [N,1,D]. The cache [2,N,heads,T,D/heads] holds the keys and values of the
  // tokens before it; its last place is overwritten with this token's.
  Tensor decode(const Tensor& x, const Tensor& cache);

 private:
  std::vector<Tensor> queries_keys_values(const Tensor& x);
  std::int64_t heads_;
  bool causal_;
  std::shared_ptr<Linear> qkv_, out_;
};

enum class Gelu { exact, tanh_form, quick };

struct TransformerShape {
  std::int64_t width = 768, heads = 12, layers = 12;
  std::int64_t hidden = 4 * 768;
  bool causal = false;
  bool norm_first = true;  // is false where each sum is normalised, as in BERT
  double eps = 1e-5;
  Gelu gelu = Gelu::exact;
};

class TransformerLayer final : public Layer {
 public:
  TransformerLayer(const BuildOptions& o, const TransformerShape& shape);
  Tensor forward(const Tensor& x) override;
  Tensor decode(const Tensor& x, const Tensor& cache);

 private:
  Tensor feed(const Tensor& x);
  TransformerShape shape_;
  std::shared_ptr<LayerNorm> norm1_, norm2_;
  std::shared_ptr<SelfAttention> attention_;
  std::shared_ptr<Linear> up_, down_;
};

std::vector<std::shared_ptr<TransformerLayer>> transformer_layers(torch::nn::Module& owner, const BuildOptions& o,
                                                                  const TransformerShape& shape);

// Returns the first `count` positions of a table, as [1, count, width].
Tensor positions(const Tensor& table, std::int64_t count);

}  // namespace impact::worker
