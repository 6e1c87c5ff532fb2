// Holds in one place what differs between libtorch 1.13 and 2.7 and later. Nothing else asks for the version.
#pragma once

#include <ATen/core/ivalue.h>  // goes first: clang refuses the others where it is not known yet

#include <torch/cuda.h>
#include <torch/optim/optimizer.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <torch/version.h>

#include <ATen/autocast_mode.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#if __has_include(<ATen/ops/scaled_dot_product_attention.h>)
#define IMPACT_TORCH_HAS_SDPA 1
#endif

namespace impact::worker::compat {

#define IMPACT_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

// Runs matrix products and convolutions in bfloat16 and the rest in float, until the end of the scope.
class Autocast {
 public:
  Autocast(torch::DeviceType device, bool enabled) : device_(device), enabled_(enabled) {
    if (enabled_) {
      set(true);
    }
  }
  ~Autocast() {
    if (enabled_) {
      at::autocast::clear_cache();
      set(false);
    }
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  void set(bool on) const {
#if IMPACT_TORCH_AT_LEAST(2, 4)
    at::autocast::set_autocast_enabled(device_, on);
    at::autocast::set_autocast_dtype(device_, torch::kBFloat16);
#else
    if (device_ == torch::kCUDA) {
      at::autocast::set_enabled(on);
      at::autocast::set_autocast_gpu_dtype(torch::kBFloat16);
    } else {
      at::autocast::set_cpu_enabled(on);
      at::autocast::set_autocast_cpu_dtype(torch::kBFloat16);
    }
#endif
  }
  torch::DeviceType device_;
  bool enabled_;
};

// Tells whether this thread is in mixed precision.
inline bool autocast_enabled(torch::DeviceType device) {
#if IMPACT_TORCH_AT_LEAST(2, 4)
  return at::autocast::is_autocast_enabled(device);
#else
  return device == torch::kCUDA ? at::autocast::is_enabled() : at::autocast::is_cpu_enabled();
#endif
}

// Switches TF32 in matrix products and convolutions. torch itself leaves it on for convolutions, so that plain fp32 must
// switch it off.
inline void allow_tf32(bool on) {
  at::globalContext().setAllowTF32CuBLAS(on);
  at::globalContext().setAllowTF32CuDNN(on);
}

// Tells whether fp32 work may run in TF32: that of cuDNN (convolutions, recurrent layers), or cuBLAS's products.
inline bool tf32_is_allowed(bool cudnn) {
  return cudnn ? at::globalContext().allowTF32CuDNN() : at::globalContext().allowTF32CuBLAS();
}

inline void set_deterministic(bool on) {
  if (on) {
    // cuBLAS repeats its results with a workspace of fixed size only; it reads this when it is first used.
    // NOLINTNEXTLINE(concurrency-mt-unsafe): it is called between phases, by the thread that reads commands
    setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  }
  at::globalContext().setDeterministicAlgorithms(on, /*warn_only=*/true);
  at::globalContext().setDeterministicCuDNN(on);
  at::globalContext().setBenchmarkCuDNN(!on);
}

// What an optimizer keeps of a parameter, in the map of all its states; nullptr before its first step. The map's key was
// a text once.
template <class States>
torch::optim::OptimizerParamState* state_in(States& states, const torch::Tensor& parameter) {
  auto found = states.end();
  if constexpr (std::is_same_v<typename States::key_type, std::string>) {
    found = states.find(c10::str(parameter.unsafeGetTensorImpl()));
  } else {
    found = states.find(parameter.unsafeGetTensorImpl());
  }
  return found == states.end() ? nullptr : found->second.get();
}

// Waits until the device has done all its work. Does nothing on a CPU (a CPU build throws there).
inline void synchronize(const torch::Device& device) {
  if (device.is_cuda() && torch::cuda::is_available()) {
    torch::cuda::synchronize(device.has_index() ? device.index() : -1);
  }
}

// Makes a CUDA device this thread's own: what names no device would otherwise open a context on the first one, which
// holds memory there and keeps it from its idle state. Nothing on a CPU.
inline void use_device(const torch::Device& device) {
  if (device.is_cuda()) {
    c10::impl::VirtualGuardImpl(torch::kCUDA).setDevice(device);
  }
}

// Tells whether a Mark waits for less than synchronize() does.
#define IMPACT_TORCH_HAS_MARKS IMPACT_TORCH_AT_LEAST(2, 5)

// All work that this thread has given to some CUDA devices so far. Waiting for it leaves alone what comes afterwards,
// so that a device need not stand still while its next work is prepared.
class Mark {
 public:
  explicit Mark(const std::vector<torch::Device>& devices) : devices_(devices) {
#if IMPACT_TORCH_HAS_MARKS
    for (const auto& device : devices_) {
      if (device.is_cuda()) {
        events_.emplace_back(torch::kCUDA);
        events_.back().record(c10::impl::VirtualGuardImpl(torch::kCUDA).getStream(device));
      }
    }
#endif
  }
  void wait() {
#if IMPACT_TORCH_HAS_MARKS
    for (const auto& event : events_) {
      event.synchronize();
    }
#else
    for (const auto& device : devices_) {
      synchronize(device);
    }
#endif
  }

 private:
  std::vector<torch::Device> devices_;
  std::vector<c10::Event> events_;
};

// softmax(Q Kᵀ / sqrt(d)) V with [batch, heads, tokens, d]; one fused operation where torch has it.
inline torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v, bool causal) {
#ifdef IMPACT_TORCH_HAS_SDPA
  return at::scaled_dot_product_attention(q, k, v, {}, 0.0, causal);
#else
  auto scores = torch::matmul(q * (1.0 / std::sqrt(static_cast<double>(q.size(-1)))), k.transpose(-2, -1));
  if (causal) {
    const auto t = q.size(-2);
    const auto s = k.size(-2);
    auto above = torch::ones({t, s}, scores.options().dtype(torch::kBool)).triu(s - t + 1);
    scores.masked_fill_(above, -std::numeric_limits<double>::infinity());
  }
  return torch::matmul(torch::softmax(scores, -1), v);
#endif
}

inline std::string version() { return TORCH_VERSION; }

// Names the library of matrix products with its version; returns nothing where it does not tell.
std::optional<std::string> blas();

inline void synchronize(const std::vector<torch::Device>& devices) {
  for (const auto& device : devices) {
    synchronize(device);
  }
}

// Tells peak and present memory of a CUDA device by torch's allocator; nothing where it cannot be asked.
struct DeviceMemory {
  std::int64_t peak_allocated_bytes = 0;
  std::int64_t peak_reserved_bytes = 0;
  std::int64_t allocated_bytes = 0;
};
std::optional<DeviceMemory> device_memory(const torch::Device& device);
// Adds up several devices (peaks need not have been at one time); returns nothing if one of them does not tell.
std::optional<DeviceMemory> device_memory(const std::vector<torch::Device>& devices);
void reset_peak_device_memory(const torch::Device& device);
// Gives memory back that torch keeps for later tensors. Does nothing on a CPU, or before a device was used.
void release_device_memory(const torch::Device& device);

}  // namespace impact::worker::compat
