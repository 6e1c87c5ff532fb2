// This is GNMT (arXiv 1609.08144) as tensorflow/nmt's gnmt_v2: it has 8 + 8 LSTM layers of 1024 and 32,316 words on
// both sides, and normed Bahdanau attention is fed to every layer of the decoder. It decodes greedily, always twice as
// many words as came in: random weights never end a sentence, and so the work is always the same. As in AI Benchmark,
// it is only run and not trained.
#include "worker/networks/lstm.hpp"

#include <cmath>

namespace impact::worker {
namespace {

constexpr std::int64_t kUnits = 1024;
constexpr std::int64_t kWords = 32316;
constexpr int kLayers = 8;
constexpr int kWithoutResidual = 2;  // the first layers have no connection around them

// Computes the score g v/|v| . tanh(W_q query + W_m memory + b).
class NormedAttention final : public torch::nn::Module {
 public:
  explicit NormedAttention(const BuildOptions& o) {
    memory_ = register_module("memory", std::make_shared<Linear>(o, kUnits, kUnits, false));
    query_ = register_module("query", std::make_shared<Linear>(o, kUnits, kUnits, false));
    v_ = register_parameter("v", normal_parameter(o, {kUnits}, std::sqrt(1.0 / static_cast<double>(kUnits))));
    g_ = register_parameter("g", constant_parameter(o, {1}, std::sqrt(1.0 / static_cast<double>(kUnits))));
    b_ = register_parameter("b", constant_parameter(o, {kUnits}, 0.0));
  }
  Tensor keys(const Tensor& memory) { return memory_->forward(memory); }
  // Returns [N,H] for a query [N,H] and for keys and memory of [N,T,H].
  Tensor forward(const Tensor& query, const Tensor& keys, const Tensor& memory) {
    const auto v = g_ * v_ / (v_.is_meta() ? g_ : v_.norm());
    const auto mixed = torch::tanh(keys + (query_->forward(query) + b_).unsqueeze(1));
    const auto scores = ops::linear(mixed, v.unsqueeze(0), {}).transpose(1, 2);  // [N,1,T]
    return ops::matmul(torch::softmax(scores, 2), memory).squeeze(1);
  }

 private:
  std::shared_ptr<Linear> memory_, query_;
  Tensor v_, g_, b_;
};

class Gnmt final : public Network {
 public:
  explicit Gnmt(const BuildOptions& o) {
    const auto table = [&] { return normal_parameter(o, {kWords, kUnits}, 0.05); };
    source_ = register_parameter("source", table());
    target_ = register_parameter("target", table());
    right_ = register_module("right", std::make_shared<LstmLayer>(o, kUnits, kUnits));
    left_ = register_module("left", std::make_shared<LstmLayer>(o, kUnits, kUnits));
    for (int i = 0; i + 1 < kLayers; ++i) {
      encoder_.push_back(register_module("encoder" + std::to_string(i),
                                         std::make_shared<LstmLayer>(o, i == 0 ? 2 * kUnits : kUnits, kUnits)));
    }
    attention_ = register_module("attention", std::make_shared<NormedAttention>(o));
    for (int i = 0; i < kLayers; ++i) {
      decoder_.push_back(
          register_module("decoder" + std::to_string(i), std::make_shared<LstmStep>(o, 2 * kUnits, kUnits)));
    }
    words_ = register_module("words", std::make_shared<Linear>(o, kUnits, kWords, false));
  }

  // Makes words [N,2T] of tokens [N,T].
  Tensor forward(const Tensors& in) override {
    const auto memory = encode(ops::embedding(source_, in.at(0)));
    const auto keys = attention_->keys(memory);
    const auto n = memory.size(0);
    const auto zero = torch::zeros({n, kUnits}, memory.options());
    std::vector<LstmStep::State> states(kLayers, {zero, zero});
    auto attended = zero;
    auto word = torch::zeros({n}, in.at(0).options());
    std::vector<Tensor> out;
    for (std::int64_t step = 0; step < 2 * in.at(0).size(1); ++step) {
      auto x = ops::embedding(target_, word);
      states[0] = decoder_[0]->forward(torch::cat({x, attended}, 1), states[0]);
      x = states[0].h;
      attended = attention_->forward(x, keys, memory);
      for (std::size_t layer = 1; layer < kLayers; ++layer) {
        states[layer] = decoder_[layer]->forward(torch::cat({x, attended}, 1), states[layer]);
        x = layer < kWithoutResidual ? states[layer].h : x + states[layer].h;
      }
      const auto scores = words_->forward(x);
      word = scores.is_meta() ? word : scores.argmax(1);
      out.push_back(word);
    }
    return torch::stack(out, 1);
  }

 private:
  Tensor encode(const Tensor& x) {
    const auto turned = [](const Tensor& t) { return t.is_meta() ? t : t.flip({1}); };
    auto y = torch::cat({right_->forward(x).out, turned(left_->forward(turned(x)).out)}, 2);
    for (std::size_t i = 0; i < encoder_.size(); ++i) {
      const auto next = encoder_[i]->forward(y).out;
      y = i == 0 ? next : y + next;
    }
    return y;
  }

  Tensor source_, target_;
  std::shared_ptr<LstmLayer> right_, left_;
  std::vector<std::shared_ptr<LstmLayer>> encoder_;
  std::shared_ptr<NormedAttention> attention_;
  std::vector<std::shared_ptr<LstmStep>> decoder_;
  std::shared_ptr<Linear> words_;
};

}  // namespace

NetworkSpec gnmt() {
  NetworkSpec s;
  s.name = "gnmt";
  s.title = "GNMT-Translation";
  s.task = "translation";
  s.reference = "arXiv:1609.08144";
  s.input = {20};
  s.unit = "sentence";
  s.trainable = false;
  s.range = {0, static_cast<double>(kWords), true};
  s.build = [](const BuildOptions& o) { return std::make_shared<Gnmt>(o); };
  return s;
}

}  // namespace impact::worker
