// Has the operations that networks are made of: torch's, counted and able to run without data.
//
// A network built on the meta device has shapes and no values. torch 1.13 knows no convolution, normalisation or
// recurrent layer there, so these functions give the shape themselves. With a Trace alive, each convolution and
// matrix product of the calling thread is written down with its multiply-adds. Nothing else is counted (no additions
// of biases, no normalisation, no interpolation), as in the field's tables of multiply-adds.
#pragma once

#include <torch/types.h>

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace impact::worker::ops {

using torch::Tensor;

// Describes one counted operation.
struct Op {
  std::string kind;                  // is conv2d, conv3d, conv_transpose2d, conv_transpose3d, matmul or lstm
  std::vector<std::int64_t> in;      // is the shape of the input, batch first
  std::vector<std::int64_t> weight;  // is the shape of the weight in torch's order
  std::vector<std::int64_t> out;
  std::int64_t macs = 0;  // are multiply-adds of the whole batch
};

// Records the operations of this thread while it lives. It cannot be nested.
class Trace {
 public:
  Trace();
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  [[nodiscard]] std::int64_t macs() const;
  [[nodiscard]] const std::vector<Op>& ops() const { return ops_; }
  void add(Op op) { ops_.push_back(std::move(op)); }

 private:
  std::vector<Op> ops_;
};

// Sees what operations of this thread run in while it lives, by multiply-adds. It is not nested and unlike a Trace keeps
// no operation, so that a measured pass may be looked at.
class Census {
 public:
  struct What {
    torch::ScalarType type;  // is the output's: inputs may be converted on the way in
    bool product;            // is a matrix product, else a convolution or a recurrent layer
    auto operator<=>(const What&) const = default;
  };
  Census();
  ~Census();
  Census(const Census&) = delete;
  Census& operator=(const Census&) = delete;
  [[nodiscard]] const std::map<What, std::int64_t>& types() const { return types_; }
  // Of convolutions of images, by how their output lies (Preserve: neither way); not those whose output, of one channel
  // or one place, is the same in both layouts.
  [[nodiscard]] const std::map<torch::MemoryFormat, std::int64_t>& formats() const { return formats_; }
  void add(bool product, const Tensor& out, std::int64_t macs);

 private:
  std::map<What, std::int64_t> types_;
  std::map<torch::MemoryFormat, std::int64_t> formats_;
};

using Pair = std::array<std::int64_t, 2>;
using Triple = std::array<std::int64_t, 3>;

enum class Pad {
  same,     // is TensorFlow's: an odd row or column of padding lies at the bottom or at the right
  valid,    // pads nothing
  centred,  // pads (kernel - 1) * dilation / 2 on every side, whatever the stride
};

struct Geometry {
  Pair stride{1, 1};
  Pair dilation{1, 1};
  Pad pad = Pad::same;
  std::int64_t groups = 1;
};

// x [N,C,H,W], w [O,C/groups,kh,kw], b undefined or [O].
Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& b, const Geometry& g);
// x [N,C,D,H,W], padding the same on both sides.
Tensor conv3d(const Tensor& x, const Tensor& w, const Tensor& b, std::int64_t stride, std::int64_t padding);
// w [C,O,k,k] or [C,O,k,k,k]; kernel equal to the stride, no padding: each output belongs to one input.
Tensor conv_transpose(const Tensor& x, const Tensor& w, const Tensor& b, std::int64_t stride);
// x [...,I], w [O,I].
Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b);
// Batched matrix product [...,M,K] x [...,K,N].
Tensor matmul(const Tensor& a, const Tensor& b);
// [batch, heads, tokens, d]; the products QKᵀ and PV count in full, masked or not.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, bool causal);

struct LstmWeights {
  Tensor w_ih, w_hh, b_ih, b_hh;  // [4H,I], [4H,H], [4H], [4H]
};
struct LstmResult {
  Tensor out;   // [N,T,H]
  Tensor h, c;  // [N,H]
};
// x [N,T,I]; gates in torch's order (input, forget, cell, output). h0 and c0 undefined: zeros.
LstmResult lstm(const Tensor& x, const LstmWeights& w, const Tensor& h0 = {}, const Tensor& c0 = {});

// weight, bias may be undefined. training: statistics of the batch, moving ones updated.
Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& mean, const Tensor& variance,
                  bool training, double momentum, double eps);
Tensor instance_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps);
Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias, double eps);
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps);
Tensor embedding(const Tensor& table, const Tensor& tokens);

Tensor relu6(const Tensor& x);
Tensor leaky_relu(const Tensor& x, double slope);
Tensor silu(const Tensor& x);
Tensor gelu(const Tensor& x, bool tanh_form = false);

Tensor max_pool(const Tensor& x, Pair kernel, Pair stride, Pad pad);
Tensor max_pool3d(const Tensor& x, std::int64_t kernel);
// Same padding does not count the padded places in the mean, as TensorFlow does it.
Tensor avg_pool(const Tensor& x, Pair kernel, Pair stride, Pad pad);
Tensor global_mean(const Tensor& x);  // [N,C,H,W] -> [N,C,1,1]
Tensor resize_bilinear(const Tensor& x, Pair size, bool align_corners);
Tensor resize_nearest(const Tensor& x, Pair size);

}  // namespace impact::worker::ops
