// What a network of the worker is, and how the registry names it.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace impact::worker {

using torch::Tensor;
using Tensors = std::vector<Tensor>;

// What batch normalisation normalises with.
enum class BatchNorm {
  train,    // statistics of the batch while it trains, the moving ones afterwards: as one trains for real
  frozen,   // the moving statistics, never updated: so are the benchmark's graphs, in training as well
  current,  // statistics of the batch, afterwards too: best for batches of few volumes (arXiv 1606.06650, 3)
};
// "train", "frozen", "current", in the order of the enum.
extern const std::vector<std::string> kBatchNorms;
const std::string& name_of(BatchNorm mode);

// What a network is built from. The meta device gives a network of shapes alone.
struct BuildOptions {
  torch::Device device = torch::kCPU;
  std::vector<std::int64_t> input;  // shape of one input without the batch
  std::int64_t classes = 0;
  BatchNorm batch_norm = BatchNorm::frozen;
  std::string variant;  // one of the spec's variants

  [[nodiscard]] torch::TensorOptions floats() const {
    return torch::TensorOptions().dtype(torch::kFloat32).device(device);
  }
};

// A network: its forward pass gives what the loss is taken of (class networks: logits).
class Network : public torch::nn::Module {
 public:
  virtual Tensor forward(const Tensors& in) = 0;
  // What one call of the benchmark computes; forward, but for networks whose inference differs (token after token).
  virtual Tensor infer(const Tensors& in) { return forward(in); }
};

// Values of synthetic inputs: uniform in [low, high), or whole numbers if `tokens`.
struct InputRange {
  double low = -1.0;
  double high = 1.0;
  bool tokens = false;
};

struct NetworkSpec {
  std::string name;                 // as in commands and reports: mobilenet-v2
  std::string title;                // as people write it: MobileNet-V2
  std::string task;                 // classification, enhancement, segmentation, generation, text, ...
  std::string reference;            // where it was published
  std::vector<std::int64_t> input;  // default shape of one input without the batch: channels first
  std::int64_t classes = 0;         // outputs of the original head; 0: no classes
  std::string unit = "image";       // what one input is: image, sequence, sentence, volume
  bool softmax = false;             // the original's output is softmax(forward)
  bool trainable = true;            // false: the worker runs it, and does not train it
  bool predicts_text = false;       // its scores are of the next token
  bool any_classes = true;          // the head may be built with another number of classes
  InputRange range;
  std::vector<std::string> variants;  // first one is the default; empty: only one reading
  std::function<std::shared_ptr<Network>(const BuildOptions&)> build;
  // Further inputs beside the first (a time step, a context), for a batch; absent: one input.
  std::function<Tensors(const BuildOptions&, std::int64_t batch)> more_inputs;
};

// Every network, in the order of networks.def.
std::span<const NetworkSpec> network_specs();
// By name (case and _ for - do not matter); nullptr if there is none.
const NetworkSpec* find_network(const std::string& name);
// Names that resemble this one, best first.
std::vector<std::string> near_networks(const std::string& name);

// What a shape pass tells about a network.
struct NetworkFacts {
  std::int64_t parameters = 0;       // parameters that the output depends on, moving statistics not counted
  std::int64_t trainable = 0;        // of these, those that training changes
  std::int64_t macs = 0;             // multiply-adds of one input's infer
  std::int64_t activations = 0;      // values that the counted operations put out for one input
  std::vector<std::int64_t> output;  // shape of infer for one input, batch first
  std::vector<std::int64_t> scores;  // shape of forward, which the loss is taken of; classes along the second dimension
  std::int64_t training_macs = 0;    // multiply-adds of one input's forward: more than of infer where that leaves out
                                     // what only a loss needs (the scores of every token)
};
// Builds on the meta device and runs one input through: no memory, no arithmetic.
NetworkFacts network_facts(const NetworkSpec& spec, BuildOptions options);

// Parameters of a module; with `trainable_only` those that ask for a gradient.
std::int64_t count_parameters(const torch::nn::Module& module, bool trainable_only = false);

// Inputs of a batch with random values: the spec's first input and its further ones.
Tensors synthetic_inputs(const NetworkSpec& spec, const BuildOptions& options, std::int64_t batch);

// The default options of a spec.
BuildOptions default_options(const NetworkSpec& spec);

}  // namespace impact::worker
