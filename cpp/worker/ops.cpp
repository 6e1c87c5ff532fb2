#include "worker/ops.hpp"

#include "worker/compat.hpp"

#include <numeric>
#include <stdexcept>
#include <string_view>

namespace impact::worker::ops {
namespace {

thread_local Trace* current = nullptr;
thread_local Census* counting = nullptr;

std::vector<std::int64_t> shape(const Tensor& t) { return t.sizes().vec(); }

constexpr std::string_view kMatmul = "matmul";

// Normalisation runs in the weights' precision, as mixed precision does it on GPUs; on CPUs torch 1.13 takes no two
// types at once.
Tensor as_precise_as(const Tensor& weight, const Tensor& x) {
  return weight.defined() ? x.to(weight.scalar_type()) : x;
}

void record(std::string_view kind, const Tensor& in, std::vector<std::int64_t> weight, const Tensor& out,
            std::int64_t macs) {
  if (current != nullptr) {
    current->add({std::string(kind), shape(in), std::move(weight), shape(out), macs});
  }
  if (counting != nullptr) {
    counting->add(kind == kMatmul, out, macs);
  }
}

Tensor like_shape(const Tensor& x, std::vector<std::int64_t> sizes) { return torch::empty(sizes, x.options()); }

struct Padding {
  std::int64_t before = 0;
  std::int64_t after = 0;
};

Padding same_padding(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t dilation) {
  const auto out = (in + stride - 1) / stride;
  const auto total = std::max<std::int64_t>((out - 1) * stride + (kernel - 1) * dilation + 1 - in, 0);
  return {total / 2, total - total / 2};
}

std::array<Padding, 2> paddings(const Tensor& x, Pair kernel, Pair stride, Pair dilation, Pad pad) {
  if (pad == Pad::valid) {
    return {};
  }
  if (pad == Pad::centred) {
    const auto rows = (kernel[0] - 1) * dilation[0] / 2;
    const auto columns = (kernel[1] - 1) * dilation[1] / 2;
    return {Padding{rows, rows}, Padding{columns, columns}};
  }
  return {same_padding(x.size(2), kernel[0], stride[0], dilation[0]),
          same_padding(x.size(3), kernel[1], stride[1], dilation[1])};
}

bool symmetric(const std::array<Padding, 2>& p) { return p[0].before == p[0].after && p[1].before == p[1].after; }

Tensor padded(const Tensor& x, const std::array<Padding, 2>& p, double value = 0.0) {
  return torch::constant_pad_nd(x, {p[1].before, p[1].after, p[0].before, p[0].after}, value);
}

std::int64_t outputs(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t dilation,
                     std::int64_t padding) {
  const auto span = in + padding - (kernel - 1) * dilation - 1;
  if (span < 0) {
    throw std::invalid_argument("an input side of " + std::to_string(in) + " is too small for this network");
  }
  return span / stride + 1;
}

std::int64_t product(c10::IntArrayRef sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<>());
}

}  // namespace

Trace::Trace() {
  if (current != nullptr) {
    throw std::logic_error("a trace is already running on this thread");
  }
  current = this;
}
Trace::~Trace() { current = nullptr; }

std::int64_t Trace::macs() const {
  return std::accumulate(ops_.begin(), ops_.end(), std::int64_t{0},
                         [](auto sum, const Op& op) { return sum + op.macs; });
}

Census::Census() {
  if (counting != nullptr) {
    throw std::logic_error("a census is already running on this thread");
  }
  counting = this;
}
Census::~Census() { counting = nullptr; }

void Census::add(bool product, const Tensor& out, std::int64_t macs) {
  types_[{out.scalar_type(), product}] += macs;
  if (product || out.dim() != 4) {
    return;
  }
  const bool last = out.is_contiguous(torch::MemoryFormat::ChannelsLast);
  const bool first = out.is_contiguous();
  if (!(last && first)) {
    formats_[last    ? torch::MemoryFormat::ChannelsLast
             : first ? torch::MemoryFormat::Contiguous
                     : torch::MemoryFormat::Preserve] += macs;
  }
}

Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& b, const Geometry& g) {
  const Pair kernel{w.size(2), w.size(3)};
  const auto p = paddings(x, kernel, g.stride, g.dilation, g.pad);
  Tensor out;
  if (x.is_meta()) {
    out = like_shape(
        x, {x.size(0), w.size(0), outputs(x.size(2), kernel[0], g.stride[0], g.dilation[0], p[0].before + p[0].after),
            outputs(x.size(3), kernel[1], g.stride[1], g.dilation[1], p[1].before + p[1].after)});
  } else if (symmetric(p)) {
    const Pair padding{p[0].before, p[1].before};
    out = torch::conv2d(x, w, b, g.stride, padding, g.dilation, g.groups);
  } else {
    const Pair none{0, 0};
    out = torch::conv2d(padded(x, p), w, b, g.stride, none, g.dilation, g.groups);
  }
  record("conv2d", x, shape(w), out, out.numel() * w.size(1) * w.size(2) * w.size(3));
  return out;
}

Tensor conv3d(const Tensor& x, const Tensor& w, const Tensor& b, std::int64_t stride, std::int64_t padding) {
  Tensor out;
  if (x.is_meta()) {
    std::vector<std::int64_t> sizes{x.size(0), w.size(0)};
    for (std::int64_t d = 2; d < 5; ++d) {
      sizes.push_back(outputs(x.size(d), w.size(d), stride, 1, 2 * padding));
    }
    out = like_shape(x, sizes);
  } else {
    const Triple strides{stride, stride, stride};
    const Triple paddings3{padding, padding, padding};
    out = torch::conv3d(x, w, b, strides, paddings3);
  }
  record("conv3d", x, shape(w), out, out.numel() * product(w.sizes().slice(1)));
  return out;
}

Tensor conv_transpose(const Tensor& x, const Tensor& w, const Tensor& b, std::int64_t stride) {
  const auto spatial = x.dim() - 2;
  Tensor out;
  if (x.is_meta()) {
    std::vector<std::int64_t> sizes{x.size(0), w.size(1)};
    for (std::int64_t d = 2; d < x.dim(); ++d) {
      sizes.push_back((x.size(d) - 1) * stride + w.size(d));
    }
    out = like_shape(x, sizes);
  } else if (spatial == 2) {
    out = torch::conv_transpose2d(x, w, b, Pair{stride, stride});
  } else {
    out = torch::conv_transpose3d(x, w, b, Triple{stride, stride, stride});
  }
  record(spatial == 2 ? "conv_transpose2d" : "conv_transpose3d", x, shape(w), out,
         x.numel() * product(w.sizes().slice(1)));
  return out;
}

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b) {
  Tensor out;
  if (x.is_meta()) {
    auto sizes = shape(x);
    sizes.back() = w.size(0);
    out = like_shape(x, sizes);
  } else {
    out = torch::linear(x, w, b);
  }
  record(kMatmul, x, shape(w), out, x.numel() * w.size(0));
  return out;
}

Tensor matmul(const Tensor& a, const Tensor& b) {
  auto out = torch::matmul(a, b);
  record(kMatmul, a, shape(b), out, out.numel() * a.size(-1));
  return out;
}

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, bool causal) {
  auto out =
      q.is_meta() ? like_shape(q, {q.size(0), q.size(1), q.size(2), v.size(3)}) : compat::attention(q, k, v, causal);
  const auto pairs = q.size(0) * q.size(1) * q.size(2) * k.size(2);
  record(kMatmul, q, shape(k), out, pairs * q.size(3));
  record(kMatmul, q, shape(v), out, pairs * v.size(3));
  return out;
}

LstmResult lstm(const Tensor& x, const LstmWeights& w, const Tensor& h0, const Tensor& c0) {
  const auto n = x.size(0);
  const auto hidden = w.w_hh.size(1);
  LstmResult result;
  if (x.is_meta()) {
    result = {like_shape(x, {n, x.size(1), hidden}), like_shape(x, {n, hidden}), like_shape(x, {n, hidden})};
  } else {
    auto start = [&](const Tensor& state) {
      return state.defined() ? state.unsqueeze(0) : torch::zeros({1, n, hidden}, x.options());
    };
    auto [out, h, c] = torch::lstm(x, {start(h0), start(c0)}, {w.w_ih, w.w_hh, w.b_ih, w.b_hh}, true, 1, 0.0,
                                   torch::GradMode::is_enabled(), false, true);
    result = {out, h.squeeze(0), c.squeeze(0)};
  }
  record("lstm", x, {w.w_ih.size(0), w.w_ih.size(1) + hidden}, result.out,
         n * x.size(1) * w.w_ih.size(0) * (w.w_ih.size(1) + hidden));
  return result;
}

Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& mean, const Tensor& variance,
                  bool training, double momentum, double eps) {
  return x.is_meta() ? x : torch::batch_norm(x, weight, bias, mean, variance, training, momentum, eps, true);
}

Tensor instance_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  return x.is_meta() ? x : torch::instance_norm(x, weight, bias, {}, {}, true, 0.0, eps, true);
}

Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias, double eps) {
  return x.is_meta() ? x : torch::group_norm(as_precise_as(weight, x), groups, weight, bias, eps);
}

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  return x.is_meta() ? x : torch::layer_norm(as_precise_as(weight, x), {x.size(-1)}, weight, bias, eps);
}

Tensor embedding(const Tensor& table, const Tensor& tokens) {
  if (tokens.is_meta()) {
    auto sizes = shape(tokens);
    sizes.push_back(table.size(1));
    return like_shape(table, sizes);
  }
  return torch::embedding(table, tokens);
}

Tensor relu6(const Tensor& x) { return x.is_meta() ? x : torch::hardtanh(x, 0, 6); }
Tensor leaky_relu(const Tensor& x, double slope) { return x.is_meta() ? x : torch::leaky_relu(x, slope); }
Tensor silu(const Tensor& x) { return x.is_meta() ? x : torch::silu(x); }
Tensor gelu(const Tensor& x, bool tanh_form) { return x.is_meta() ? x : torch::gelu(x, tanh_form ? "tanh" : "none"); }

Tensor max_pool(const Tensor& x, Pair kernel, Pair stride, Pad pad) {
  const Pair one{1, 1};
  const auto p = paddings(x, kernel, stride, one, pad);
  if (symmetric(p)) {
    return torch::max_pool2d(x, kernel, stride, Pair{p[0].before, p[1].before});
  }
  return torch::max_pool2d(padded(x, p, -std::numeric_limits<double>::infinity()), kernel, stride);
}

Tensor max_pool3d(const Tensor& x, std::int64_t kernel) {
  if (x.is_meta()) {
    return like_shape(x, {x.size(0), x.size(1), x.size(2) / kernel, x.size(3) / kernel, x.size(4) / kernel});
  }
  return torch::max_pool3d(x, kernel, kernel);
}

Tensor avg_pool(const Tensor& x, Pair kernel, Pair stride, Pad pad) {
  const auto p = paddings(x, kernel, stride, Pair{1, 1}, pad);
  if (!symmetric(p)) {
    throw std::invalid_argument("mean pooling with uneven padding is not needed by any network here");
  }
  return torch::avg_pool2d(x, kernel, stride, Pair{p[0].before, p[1].before}, false, /*count_include_pad=*/false);
}

Tensor global_mean(const Tensor& x) { return x.mean({2, 3}, true); }

Tensor resize_bilinear(const Tensor& x, Pair size, bool align_corners) {
  return x.is_meta() ? like_shape(x, {x.size(0), x.size(1), size[0], size[1]})
                     : torch::upsample_bilinear2d(x, size, align_corners);
}

Tensor resize_nearest(const Tensor& x, Pair size) {
  return x.is_meta() ? like_shape(x, {x.size(0), x.size(1), size[0], size[1]}) : torch::upsample_nearest2d(x, size);
}

}  // namespace impact::worker::ops
