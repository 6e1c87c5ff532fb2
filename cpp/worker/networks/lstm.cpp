#include "worker/networks/lstm.hpp"

#include <cmath>

namespace impact::worker {
namespace {

/// Zeros, but for the forget gate's 1 (gates: input, forget, cell, output).
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
