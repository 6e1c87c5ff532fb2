#include "worker/replicas.hpp"

#include "worker/weights.hpp"

#include <c10/core/DeviceGuard.h>
#include <torch/utils.h>

namespace impact::worker {
namespace {

// Whether every input of a network has the batch as its first dimension and in no other.
bool can_be_cut(const NetworkSpec& spec, BuildOptions build) {
  build.device = torch::kMeta;
  const auto two = synthetic_inputs(spec, build, 2);
  const auto six = synthetic_inputs(spec, build, 6);
  for (std::size_t i = 0; i < two.size(); ++i) {
    auto expected = two[i].sizes().vec();
    if (expected.empty() || expected.front() != 2) {
      return false;
    }
    expected.front() = 6;
    if (six[i].sizes() != torch::IntArrayRef(expected)) {
      return false;
    }
  }
  return true;
}

std::vector<Tensor> state_of(const Network& network) {
  auto state = network.parameters();
  const auto buffers = network.buffers();
  state.insert(state.end(), buffers.begin(), buffers.end());
  return state;
}

// All values in the order of memory, as a view.
Tensor flat(const Tensor& t) { return t.as_strided({t.numel()}, {1}, t.storage_offset()); }

bool lie_alike(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool plain = a[i].scalar_type() == torch::kFloat32 && b[i].scalar_type() == torch::kFloat32 &&
                       a[i].is_non_overlapping_and_dense();
    if (!plain || a[i].sizes() != b[i].sizes() || a[i].strides() != b[i].strides()) {
      return false;
    }
  }
  return !a.empty();
}

// The tensors on another device, in one transfer: many small ones take longer than their bytes. `like`: tensors there
// that lie in memory as the results shall; they keep their own values.
std::vector<Tensor> moved(const std::vector<Tensor>& from, const std::vector<Tensor>& like) {
  std::vector<Tensor> there;
  if (!lie_alike(from, like)) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      there.push_back(from[i].to(like[i].device()));
    }
    return there;
  }
  std::vector<Tensor> pieces;
  std::vector<std::int64_t> sizes;
  for (const auto& t : from) {
    pieces.push_back(flat(t));
    sizes.push_back(t.numel());
  }
  const auto parts = torch::cat(pieces).to(like[0].device()).split_with_sizes(sizes);
  for (std::size_t i = 0; i < from.size(); ++i) {
    there.push_back(parts[i].as_strided(from[i].sizes(), from[i].strides(), parts[i].storage_offset()));
  }
  return there;
}

}  // namespace

Replicas::Replicas(std::shared_ptr<Network> first, const LoadOptions& options)
    : devices_(options.devices()),
      networks_{std::move(first)},
      channels_last_(options.channels_last),
      team_(devices_.size(), [threads = options.threads_each()](std::size_t) {
        torch::set_num_threads(static_cast<int>(threads));  // OpenMP counts for each thread by itself
      }) {
  if (!can_be_cut(*options.spec, options.build)) {
    throw ProtocolError("bad-value", options.spec->name + " cannot be run on several devices: its batch is not cut",
                        "leave replicas out");
  }
  for (std::size_t i = 1; i < devices_.size(); ++i) {
    auto network = options.spec->build(options.build);
    network->to(devices_[i]);
    const auto laid_out = networks_[0]->parameters();
    auto parameters = network->parameters();
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      parameters[p].set_data(torch::empty_strided(laid_out[p].sizes(), laid_out[p].strides(), parameters[p].options()));
    }
    network->eval();
    networks_.push_back(std::move(network));
  }
  torch::manual_seed(options.seed);  // as if the others had not been built
  spread();
}

std::vector<Batch> Replicas::shares(const Batch& batch) const {
  const auto examples = batch.inputs.at(0).size(0);
  const auto count = std::min<std::int64_t>(static_cast<std::int64_t>(size()), examples);
  std::vector<Batch> cut;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto begin = examples * i / count;
    const auto end = examples * (i + 1) / count;
    const auto& device = devices_[static_cast<std::size_t>(i)];
    const auto taken = [&](const Tensor& t) {
      auto part = t.slice(0, begin, end);
      const bool image = channels_last_ && part.dim() == 4;
      return part.contiguous(image ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous).to(device);
    };
    Batch share;
    for (const auto& input : batch.inputs) {
      share.inputs.push_back(taken(input));
    }
    if (batch.target.defined()) {
      share.target = taken(batch.target);
    }
    cut.push_back(std::move(share));
  }
  return cut;
}

PassResult Replicas::run(const Batch& batch, const Pass& pass) {
  const auto cut = shares(batch);
  const auto examples = static_cast<double>(batch.inputs.at(0).size(0));
  std::vector<PassResult> results(cut.size());
  team_.run(cut.size(), [&](std::size_t i) {
    const c10::DeviceGuard guard(devices_[i]);
    results[i] = pass(*networks_[i], cut[i], static_cast<double>(cut[i].inputs[0].size(0)) / examples);
  });
  took_part_ = cut.size();
  PassResult whole;
  std::vector<Tensor> outputs;
  for (const auto& result : results) {
    outputs.push_back(result.output.to(devices_[0]));
    if (result.loss.defined()) {
      const auto loss = result.loss.to(devices_[0]);
      whole.loss = whole.loss.defined() ? whole.loss + loss : loss;
    }
  }
  whole.output = torch::cat(outputs, 0);
  return whole;
}

void Replicas::add_gradients() {
  const torch::NoGradGuard no_gradients;
  auto sums = networks_[0]->parameters();
  for (std::size_t i = 1; i < took_part_; ++i) {
    const auto more = networks_[i]->parameters();
    std::vector<Tensor> theirs, ours;
    for (std::size_t p = 0; p < sums.size(); ++p) {
      if (!more[p].grad().defined()) {
        continue;
      }
      if (!sums[p].grad().defined()) {
        sums[p].mutable_grad() = torch::zeros_like(more[p].grad(), sums[p].options());
      }
      theirs.push_back(more[p].grad());
      ours.push_back(sums[p].grad());
    }
    const auto here = moved(theirs, ours);
    for (std::size_t p = 0; p < ours.size(); ++p) {
      ours[p].add_(here[p]);
    }
  }
}

void Replicas::spread() {
  const torch::NoGradGuard no_gradients;
  const auto from = state_of(*networks_[0]);
  for (std::size_t i = 1; i < networks_.size(); ++i) {
    const auto to = state_of(*networks_[i]);
    const auto there = moved(from, to);
    for (std::size_t k = 0; k < from.size(); ++k) {
      to[k].copy_(there[k]);
    }
  }
}

void Replicas::set_training(bool on) {
  for (const auto& network : networks_) {
    network->train(on);
  }
}

void Replicas::zero_gradients() {
  for (std::size_t i = 1; i < networks_.size(); ++i) {
    networks_[i]->zero_grad();
  }
}

}  // namespace impact::worker
