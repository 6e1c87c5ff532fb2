#include "worker/networks/network.hpp"

#include "worker/ops.hpp"
#include "worker/text.hpp"

#include <algorithm>

namespace impact::worker {

#define IMPACT_NETWORK(function) NetworkSpec function();
#include "worker/networks/networks.def"
#undef IMPACT_NETWORK

std::span<const NetworkSpec> network_specs() {
  static const std::vector<NetworkSpec> specs{
#define IMPACT_NETWORK(function) function(),
#include "worker/networks/networks.def"
#undef IMPACT_NETWORK
  };
  return specs;
}

const NetworkSpec* find_network(const std::string& name) {
  auto key = lower(name);
  std::replace(key.begin(), key.end(), '_', '-');
  const auto specs = network_specs();
  const auto found =
      std::find_if(specs.begin(), specs.end(), [&](const NetworkSpec& spec) { return spec.name == key; });
  return found == specs.end() ? nullptr : &*found;
}

const std::vector<std::string> kBatchNorms{"train", "frozen", "current"};

const std::string& name_of(BatchNorm mode) { return kBatchNorms.at(static_cast<std::size_t>(mode)); }

std::vector<std::string> near_networks(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& spec : network_specs()) {
    names.push_back(spec.name);
  }
  return near_matches(name, names);
}

std::int64_t count_parameters(const torch::nn::Module& module, bool trainable_only) {
  std::int64_t count = 0;
  for (const auto& p : module.parameters()) {
    count += !trainable_only || p.requires_grad() ? p.numel() : 0;
  }
  return count;
}

BuildOptions default_options(const NetworkSpec& spec) {
  BuildOptions options;
  options.input = spec.input;
  options.classes = spec.classes;
  options.variant = spec.variants.empty() ? "" : spec.variants.front();
  return options;
}

Tensors synthetic_inputs(const NetworkSpec& spec, const BuildOptions& options, std::int64_t batch) {
  auto shape = options.input;
  shape.insert(shape.begin(), batch);
  const auto kind = spec.range.tokens ? torch::kInt64 : torch::kFloat32;
  auto first = torch::empty(shape, torch::TensorOptions().dtype(kind).device(options.device));
  if (!first.is_meta()) {
    if (spec.range.tokens) {
      first.random_(static_cast<std::int64_t>(spec.range.low), static_cast<std::int64_t>(spec.range.high));
    } else {
      first.uniform_(spec.range.low, spec.range.high);
    }
  }
  Tensors inputs{first};
  if (spec.more_inputs) {
    auto more = spec.more_inputs(options, batch);
    inputs.insert(inputs.end(), more.begin(), more.end());
  }
  return inputs;
}

NetworkFacts network_facts(const NetworkSpec& spec, BuildOptions options) {
  options.device = torch::kMeta;
  torch::NoGradGuard no_gradients;
  auto network = spec.build(options);
  network->eval();
  const auto inputs = synthetic_inputs(spec, options, 1);
  const auto [scores, training_macs] = [&] {
    const ops::Trace trace;
    auto shape = network->forward(inputs).sizes().vec();
    return std::pair(std::move(shape), trace.macs());
  }();
  ops::Trace trace;
  const auto out = network->infer(inputs);
  NetworkFacts facts{count_parameters(*network),
                     count_parameters(*network, true),
                     trace.macs(),
                     0,
                     out.sizes().vec(),
                     scores,
                     training_macs};
  for (const auto& op : trace.ops()) {
    std::int64_t values = 1;
    for (const auto d : op.out) {
      values *= d;
    }
    facts.activations += values;
  }
  return facts;
}

}  // namespace impact::worker
