// Is one LSTM layer with a single bias, as TensorFlow's cells have it; torch's second bias is a constant zero here.
#pragma once

#include "worker/networks/blocks.hpp"

namespace impact::worker {

class LstmLayer final : public torch::nn::Module {
 public:
  LstmLayer(const BuildOptions& o, std::int64_t in, std::int64_t hidden);
  // The input x is [N,T,I].
  ops::LstmResult forward(const Tensor& x);

 private:
  void join_weights();
  Tensor w_ih_, w_hh_, bias_, zero_;
};

// Does one step of an LSTM at a time, its two matrix products joined into one.
class LstmStep final : public torch::nn::Module {
 public:
  LstmStep(const BuildOptions& o, std::int64_t in, std::int64_t hidden);
  struct State {
    Tensor h, c;  // [N,H]
  };
  State forward(const Tensor& x, const State& before);

 private:
  Tensor weight_, bias_;
};

}  // namespace impact::worker
