// One network on several devices: each holds all weights and takes its share of every batch (data-parallel).
//
// A batch is cut along its first dimension, as evenly as it goes; every replica runs its share in a thread of its own.
// Training adds up the replicas' gradients on the first one, whose optimizer makes the step, and sends the weights and
// moving statistics back. Batch normalisation sees each replica's share alone, as it does in data-parallel training
// anywhere. On CUDA the replicas lie on devices next to one another; on a CPU they share its threads, which is of use
// for tests only.
#pragma once

#include "worker/config.hpp"
#include "worker/datasets/dataset.hpp"
#include "worker/team.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace impact::worker {

// What one pass over a share leaves: its output and, in training, its loss. Both without a graph.
struct PassResult {
  Tensor output;
  Tensor loss;
};

class Replicas {
 public:
  // A pass of one replica over one share; `part`: its examples over those of the whole batch.
  using Pass = std::function<PassResult(Network&, const Batch& share, double part)>;

  // `first` lies on options.device already. Throws ProtocolError("bad-value") for a network whose batch cannot be cut.
  Replicas(std::shared_ptr<Network> first, const LoadOptions& options);

  [[nodiscard]] std::size_t size() const { return networks_.size(); }
  [[nodiscard]] const std::vector<torch::Device>& devices() const { return devices_; }
  // All shares at the same time. The outputs, joined, and the sum of the losses, on the first device.
  PassResult run(const Batch& batch, const Pass& pass);
  // Gradients of every replica that took part in the last run(), added up on the first.
  void add_gradients();
  // Weights and moving statistics of the first to all others.
  void spread();
  void set_training(bool on);
  void zero_gradients();

 private:
  [[nodiscard]] std::vector<Batch> shares(const Batch& batch) const;

  std::vector<torch::Device> devices_;
  std::vector<std::shared_ptr<Network>> networks_;
  bool channels_last_;
  std::size_t took_part_ = 0;
  Team team_;
};

}  // namespace impact::worker
