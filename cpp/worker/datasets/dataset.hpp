// Holds what a network is fed with. Everything is in memory before a phase begins.
#pragma once

#include "worker/networks/network.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace impact::worker {

struct Batch {
  Tensors inputs;
  Tensor target;  // has class numbers [N] (int64), or values of the output's shape; undefined in inference
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  [[nodiscard]] virtual std::int64_t size() const = 0;  // counts examples
  [[nodiscard]] virtual bool has_classes() const = 0;   // targets are class numbers, so accuracy exists
  [[nodiscard]] virtual bool synthetic() const = 0;
  // Returns the examples first .. first+count-1 in the present order.
  virtual Batch batch(std::int64_t first, std::int64_t count) = 0;
  // Makes a new order, from the seed and the number of the epoch alone.
  virtual void shuffle(std::uint64_t seed, std::int64_t epoch) = 0;
};

// Names the parts of real data. What a training is stopped by (validation) is not what scores it (test).
enum class DataPart { train, validation, test };
std::string name_of(DataPart part);

// Says how the network wants its data.
struct DataOptions {
  const NetworkSpec* spec = nullptr;
  BuildOptions build;
  torch::Device device = torch::kCPU;
  bool channels_last = false;
  std::int64_t batch = 1;
  std::int64_t spacing_mm = 1;  // so many voxels of 1 mm of a volume become one a side
  double validation = 0.0;      // share of the data that is kept for validation, below 1
};

// Opens the data set "fashion-mnist", "brain", "brain-2mm" or "text", by the functions below. Throws
// ProtocolError("bad-value") for a share of validation that leaves a part empty.
std::unique_ptr<Dataset> open_dataset(const std::string& name, DataOptions options, DataPart part, std::int64_t limit,
                                      std::uint64_t seed, const std::string& folder);

// Fashion-MNIST from its gzipped IDX files in `folder` (empty: $IMPACT_TRACKER_DATA/fashion-mnist,
// $IMPACT_TRACKER_DATA, /usr/share/datasets/fashion-mnist). Images are standardised with the training set's mean and
// deviation, resized to the network's input and repeated to its channels.
// `limit` draws that many examples with the seed, 0 takes all; the validation part is drawn from the training images
// with the seed. Throws ProtocolError("no-data") with where it looked.
std::unique_ptr<Dataset> open_fashion_mnist(const DataOptions& options, DataPart part, std::int64_t limit,
                                            std::uint64_t seed, const std::string& folder);

// The brain of mricron-data, in cubes of the network's input; limit: cubes of an epoch, or so many of the evaluation's,
// spread evenly. See brain.cpp.
std::unique_ptr<Dataset> open_brain(const DataOptions& options, DataPart part, std::int64_t limit, std::uint64_t seed,
                                    const std::string& folder);

// Opens text of the system's licences by bytes; `limit` counts stretches of an epoch (text.cpp).
std::unique_ptr<Dataset> open_text(const DataOptions& options, DataPart part, std::int64_t limit, std::uint64_t seed,
                                   const std::string& folder);

// One batch of random inputs, the same in every pass; targets: random values of the output's shape (one-hot for
// classes), or class numbers if the loss wants them.
std::unique_ptr<Dataset> make_synthetic(const DataOptions& options, std::uint64_t seed, bool class_targets,
                                        const std::vector<std::int64_t>& output);

}  // namespace impact::worker
