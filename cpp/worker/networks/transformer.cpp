#include "worker/networks/transformer.hpp"

namespace impact::worker {

LayerNorm::LayerNorm(const BuildOptions& o, std::int64_t width, double eps) : eps_(eps) {
  weight_ = register_parameter("weight", constant_parameter(o, {width}, 1.0));
  bias_ = register_parameter("bias", constant_parameter(o, {width}, 0.0));
}

Tensor split_heads(const Tensor& x, std::int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

Tensor join_heads(const Tensor& x) { return x.transpose(1, 2).reshape({x.size(0), x.size(2), x.size(1) * x.size(3)}); }

SelfAttention::SelfAttention(const BuildOptions& o, std::int64_t width, std::int64_t heads, bool causal)
    : heads_(heads), causal_(causal) {
  qkv_ = register_module("qkv", std::make_shared<Linear>(o, width, 3 * width));
  out_ = register_module("out", std::make_shared<Linear>(o, width, width));
}

std::vector<Tensor> SelfAttention::queries_keys_values(const Tensor& x) {
  auto parts = qkv_->forward(x).chunk(3, 2);
  for (auto& part : parts) {
    part = split_heads(part, heads_);
  }
  return parts;
}

Tensor SelfAttention::forward(const Tensor& x) {
  const auto p = queries_keys_values(x);
  return out_->forward(join_heads(ops::attention(p[0], p[1], p[2], causal_)));
}

Tensor SelfAttention::decode(const Tensor& x, const Tensor& cache) {
  const auto p = queries_keys_values(x);
  auto keys = cache.select(0, 0);
  auto values = cache.select(0, 1);
  if (!x.is_meta()) {
    keys.slice(2, keys.size(2) - 1).copy_(p[1]);
    values.slice(2, values.size(2) - 1).copy_(p[2]);
  }
  return out_->forward(join_heads(ops::attention(p[0], keys, values, false)));
}

TransformerLayer::TransformerLayer(const BuildOptions& o, const TransformerShape& s) : shape_(s) {
  norm1_ = register_module("norm1", std::make_shared<LayerNorm>(o, s.width, s.eps));
  attention_ = register_module("attention", std::make_shared<SelfAttention>(o, s.width, s.heads, s.causal));
  norm2_ = register_module("norm2", std::make_shared<LayerNorm>(o, s.width, s.eps));
  up_ = register_module("up", std::make_shared<Linear>(o, s.width, s.hidden));
  down_ = register_module("down", std::make_shared<Linear>(o, s.hidden, s.width));
}

Tensor TransformerLayer::feed(const Tensor& x) {
  const auto wide = up_->forward(x);
  if (shape_.gelu == Gelu::quick) {
    return down_->forward(wide * torch::sigmoid(wide * 1.702));
  }
  return down_->forward(ops::gelu(wide, shape_.gelu == Gelu::tanh_form));
}

Tensor TransformerLayer::forward(const Tensor& x) {
  if (!shape_.norm_first) {
    const auto y = norm1_->forward(x + attention_->forward(x));
    return norm2_->forward(y + feed(y));
  }
  const auto y = x + attention_->forward(norm1_->forward(x));
  return y + feed(norm2_->forward(y));
}

Tensor TransformerLayer::decode(const Tensor& x, const Tensor& cache) {
  const auto y = x + attention_->decode(norm1_->forward(x), cache);
  return y + feed(norm2_->forward(y));
}

std::vector<std::shared_ptr<TransformerLayer>> transformer_layers(torch::nn::Module& owner, const BuildOptions& o,
                                                                  const TransformerShape& shape) {
  std::vector<std::shared_ptr<TransformerLayer>> layers;
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    layers.push_back(owner.register_module("layer" + std::to_string(i), std::make_shared<TransformerLayer>(o, shape)));
  }
  return layers;
}

Tensor positions(const Tensor& table, std::int64_t count) {
  if (count > table.size(0)) {
    throw std::invalid_argument("this network takes at most " + std::to_string(table.size(0)) + " tokens, not " +
                                std::to_string(count));
  }
  return table.slice(0, 0, count).unsqueeze(0);
}

}  // namespace impact::worker
