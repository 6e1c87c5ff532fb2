// Says what a network of the worker is, and how the registry names it.
#pragma once

#include <ATen/core/ivalue.h>  // goes first: clang refuses the others where it is not known yet

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

// Says what batch normalisation normalises with.
enum class BatchNorm {
  train,    // takes statistics of the batch while it trains, the moving ones afterwards: as one trains for real
  frozen,   // takes the moving statistics, never updated: so do the benchmark's graphs, in training as well
  current,  // takes statistics of the batch, afterwards too: best for batches of few volumes (arXiv 1606.06650, 3)
};
// Names "train", "frozen" and "current", in the order of the enum.
extern const std::vector<std::string> kBatchNorms;  // NOLINT(readability-identifier-naming): it is a constant
const std::string& name_of(BatchNorm mode);

// Says what a network is built from. The meta device gives a network of shapes alone.
struct BuildOptions {
  torch::Device device = torch::kCPU;
  std::vector<std::int64_t> input;  // is the shape of one input without the batch
  std::int64_t classes = 0;
  BatchNorm batch_norm = BatchNorm::frozen;
  std::string variant;  // is one of the spec's variants

  [[nodiscard]] torch::TensorOptions floats() const {
    return torch::TensorOptions().dtype(torch::kFloat32).device(device);
  }
};

// Is a network, whose forward pass gives what the loss is taken of (class networks: logits).
class Network : public torch::nn::Module {
 public:
  virtual Tensor forward(const Tensors& in) = 0;
  // Computes what one call of the benchmark does; forward, but for networks whose inference differs (token after token).
  virtual Tensor infer(const Tensors& in) { return forward(in); }
};

// Describes the values of synthetic inputs: uniform in [low, high), or whole numbers if `tokens`.
struct InputRange {
  double low = -1.0;
  double high = 1.0;
  bool tokens = false;
};

struct NetworkSpec {
  std::string name;                 // stands in commands and reports: mobilenet-v2
  std::string title;                // is how people write it: MobileNet-V2
  std::string task;                 // is classification, enhancement, segmentation, generation, text, ...
  std::string reference;            // says where it was published
  std::vector<std::int64_t> input;  // is the default shape of one input without the batch: channels first
  std::int64_t classes = 0;         // counts outputs of the original head; 0 means no classes
  std::string unit = "image";       // says what one input is: image, sequence, sentence, volume
  bool softmax = false;             // is true if the original's output is softmax(forward)
  bool trainable = true;            // is false if the worker runs it, and does not train it
  bool predicts_text = false;       // is true if its scores are of the next token
  bool any_classes = true;          // is true if the head may have another number of classes
  InputRange range;
  std::vector<std::string> variants;  // has the default first; it is empty if there is one reading
  std::function<std::shared_ptr<Network>(const BuildOptions&)> build;
  // Makes further inputs beside the first (a time step, a context) for a batch; absent if there is one input.
  std::function<Tensors(const BuildOptions&, std::int64_t batch)> more_inputs;
};

// Lists every network, in the order of networks.def.
std::span<const NetworkSpec> network_specs();
// Finds a network by name (case and _ for - do not matter); returns nullptr if there is none.
const NetworkSpec* find_network(const std::string& name);
// Lists names that resemble this one, best first.
std::vector<std::string> near_networks(const std::string& name);

// Holds what a shape pass tells about a network.
struct NetworkFacts {
  std::int64_t parameters = 0;       // are those that the output depends on, without moving statistics
  std::int64_t trainable = 0;        // counts those of them that training changes
  std::int64_t macs = 0;             // are multiply-adds of one input's infer
  std::int64_t activations = 0;      // are values that the counted operations put out for one input
  std::vector<std::int64_t> output;  // is the shape of infer for one input, batch first
  std::vector<std::int64_t> scores;  // shape of forward, which the loss is taken of; classes along the second dimension
  std::int64_t training_macs = 0;    // multiply-adds of one input's forward: more than of infer where that leaves out
                                     // what only a loss needs (the scores of every token)
};
// Builds on the meta device and runs one input through: no memory, no arithmetic.
NetworkFacts network_facts(const NetworkSpec& spec, BuildOptions options);

// Counts the parameters of a module; with `trainable_only` those that ask for a gradient.
std::int64_t count_parameters(const torch::nn::Module& module, bool trainable_only = false);

// Makes inputs of a batch with random values: the spec's first input and its further ones.
Tensors synthetic_inputs(const NetworkSpec& spec, const BuildOptions& options, std::int64_t batch);

// Returns the default options of a spec.
BuildOptions default_options(const NetworkSpec& spec);

}  // namespace impact::worker
