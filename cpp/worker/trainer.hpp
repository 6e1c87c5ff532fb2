// Training and inference loops of a loaded network.
#pragma once

#include "worker/config.hpp"
#include "worker/datasets/dataset.hpp"
#include "worker/phase.hpp"
#include "worker/replicas.hpp"
#include "worker/weights.hpp"

#include <torch/optim/optimizer.h>

#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace impact::worker {

struct TrainOptions {
  std::string optimizer = "adam";  // adam, adamw, sgd
  double lr = 1e-3;
  double momentum = 0.9;
  double weight_decay = 0.0;
  std::string lr_schedule = "constant";  // constant, linear (to zero at the end), cosine
  double schedule_from = 0.0;            // where in the schedule the phase begins and ends, so that phases of a
  double schedule_to = 1.0;              // training that is interrupted by evaluations share one schedule
  std::string loss = "auto";             // cross_entropy, dice, sum_of_squares, mse; auto: by the data
  bool continue_epoch = false;           // go on in the epoch that the last training left, behind its last image
};

// A network ready to run, and what training it has behind it.
class Model {
 public:
  // Sets threads, precision and seed of the process and builds the network on its device.
  explicit Model(LoadOptions options);

  [[nodiscard]] const LoadOptions& options() const { return options_; }
  [[nodiscard]] const NetworkFacts& facts() const { return facts_; }
  [[nodiscard]] torch::nn::Module& module() { return *network_; }
  [[nodiscard]] DataOptions data_options() const;

  // The benchmark's output of a batch, without gradients.
  Tensor infer(const Tensors& inputs);
  // To be called after weights were changed from outside: all replicas have them again.
  void weights_changed();

  // `passes` passes before a phase; training ones leave weights, statistics and optimizer as they were. Nanoseconds of
  // the passes alone, as a phase would count them: what is set aside and put back is not in them.
  std::int64_t warm_up(std::int64_t passes, bool training, Dataset& data, const TrainOptions& options);

  // What one pass of a phase is.
  enum class Pass { infer, evaluate, train };
  // cuDNN looks for its fastest way when it first meets a size. So a phase whose data or limit ends with a smaller batch
  // has one such pass before its clock runs, once for each size; weights, statistics and optimizer stay. Nothing on a
  // CPU. To be called before prepare_training().
  void meet_small_batches(Pass pass, Dataset& data, const Limits& limits, const std::string& loss = "",
                          std::int64_t begun = 0);
  // Counts the images of the epoch that the last training left unfinished, of this data; 0 at the begin of an epoch.
  [[nodiscard]] std::int64_t begun_images(const Dataset& data) const;
  // One pass over the first `count` examples that leaves no trace but dropped gradients.
  void rehearse(Pass pass, Dataset& data, std::int64_t count, const std::string& loss);

  Json run_inference(Phase& phase, Dataset& data);
  Json run_evaluation(Phase& phase, Dataset& data);
  Json run_training(Phase& phase, Protocol& protocol, Dataset& data, const TrainOptions& options, const Limits& limits,
                    std::uint64_t data_seed);

  // Makes the optimizer, with its state and the gradients allocated, unless `keep` and there is one of the same kind.
  void prepare_training(const TrainOptions& options, bool keep);

  [[nodiscard]] TensorFile checkpoint() const;
  void resume(const TensorFile& file);

 private:
  struct StepResult {
    Tensor loss;               // sum over the batch for sum_of_squares, mean otherwise
    Tensor correct;            // number of right classes; undefined without classes
    std::int64_t answers = 0;  // of so many
    Tensor output;
  };
  StepResult step(const Batch& batch, const std::string& loss);
  // Forward and backward of a batch.
  PassResult learn(const Batch& batch, const std::string& loss);
  // Forward and backward of one replica's share; its gradients are there afterwards.
  PassResult learn(Network& network, const Batch& share, double part, const std::string& loss) const;
  // What the loss is taken of, without gradients.
  Tensor scores(const Tensors& inputs);
  Tensor without_gradients(const Tensors& inputs, const std::function<Tensor(Network&, const Tensors&)>& pass);
  void set_training(bool on);
  Tensor loss_of(const Tensor& output, const Tensor& target, const std::string& loss) const;
  Tensor original_output(const Tensor& output) const;
  void drop_gradients();
  [[nodiscard]] std::unique_ptr<torch::optim::Optimizer> make_optimizer(const TrainOptions& options) const;

  LoadOptions options_;
  NetworkFacts facts_;
  std::shared_ptr<Network> network_;
  std::unique_ptr<Replicas> replicas_;  // where there is more than one; network_ is the first
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  TrainOptions trained_with_;
  std::int64_t epochs_ = 0;  // epochs begun since the optimizer was made, for the order of the data
  std::int64_t steps_ = 0;
  std::int64_t epoch_images_ = 0;                // of the epoch that the last training left unfinished
  std::set<std::pair<Pass, std::int64_t>> met_;  // smaller batches that a phase need not meet first
};

// Sizes of the batches below the full one that a phase comes to: at the end of its data, and of its limit of images.
// `begun`: images of the first epoch that an earlier phase took.
std::vector<std::int64_t> smaller_batches(const Dataset& data, std::int64_t batch, const Limits& limits,
                                          std::int64_t begun = 0);

// The loss that "auto" means for this data.
std::string chosen_loss(const TrainOptions& options, bool real_data);

}  // namespace impact::worker
