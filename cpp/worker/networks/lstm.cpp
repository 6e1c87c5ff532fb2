#include "worker/networks/lstm.hpp"

#include <c10/core/DeviceGuard.h>

#include <cmath>

namespace impact::worker {
namespace {

// Makes a bias of zeros, with 1 for the forget gate alone (the gates are input, forget, cell and output).
Tensor gate_bias(const BuildOptions& o, std::int64_t hidden) {
  auto bias = constant_parameter(o, {4 * hidden}, 0.0);
  if (!bias.is_meta()) {
    bias.slice(0, hidden, 2 * hidden).fill_(1.0);
  }
  return bias;
}

}  // namespace

LstmLayer::LstmLayer(const BuildOptions& o, std::int64_t in, std::int64_t hidden) {
  const auto deviation = std::sqrt(1.0 / static_cast<double>(in + hidden));
  w_ih_ = register_parameter("w_ih", normal_parameter(o, {4 * hidden, in}, deviation));
  w_hh_ = register_parameter("w_hh", normal_parameter(o, {4 * hidden, hidden}, deviation));
  bias_ = register_parameter("bias", gate_bias(o, hidden));
  zero_ = register_buffer("zero", constant_parameter(o, {4 * hidden}, 0.0));
}

ops::LstmResult LstmLayer::forward(const Tensor& x) {
  if (w_ih_.is_cuda() && !w_ih_.is_alias_of(w_hh_)) {
    join_weights();
  }
  return ops::lstm(x, {w_ih_, w_hh_, bias_, zero_});
}

// cuDNN takes the weights as one piece of memory. Where they are not, torch joins them anew in every pass, and says so
// each time on standard error.
void LstmLayer::join_weights() {
  if (!torch::cudnn_is_acceptable(w_ih_) || !torch::_use_cudnn_rnn_flatten_weight()) {
    return;
  }
  constexpr std::int64_t kLstm = 2;  // is cuDNN's number of an LSTM
  const torch::InferenceMode no_inference(false);
  const torch::NoGradGuard no_gradients;
  const c10::DeviceGuard guard(w_ih_.device());
  std::vector<Tensor> weights{w_ih_, w_hh_, bias_, zero_};
  torch::_cudnn_rnn_flatten_weight(weights, static_cast<std::int64_t>(weights.size()), w_ih_.size(1), kLstm,
                                   w_hh_.size(1), /*proj_size=*/0, /*num_layers=*/1, /*batch_first=*/true, false);
}

LstmStep::LstmStep(const BuildOptions& o, std::int64_t in, std::int64_t hidden) {
  weight_ = register_parameter(
      "weight", normal_parameter(o, {4 * hidden, in + hidden}, std::sqrt(1.0 / static_cast<double>(in + hidden))));
  bias_ = register_parameter("bias", gate_bias(o, hidden));
}

LstmStep::State LstmStep::forward(const Tensor& x, const State& before) {
  const auto gates = ops::linear(torch::cat({x, before.h}, 1), weight_, bias_).chunk(4, 1);
  const auto c = torch::sigmoid(gates[1]) * before.c + torch::sigmoid(gates[0]) * torch::tanh(gates[2]);
  return {torch::sigmoid(gates[3]) * torch::tanh(c), c};
}

}  // namespace impact::worker
