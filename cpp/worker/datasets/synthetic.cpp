#include "worker/datasets/dataset.hpp"

namespace impact::worker {
namespace {

class Synthetic final : public Dataset {
 public:
  Synthetic(const DataOptions& options, std::uint64_t seed, bool class_targets, const std::vector<std::int64_t>& output)
      : batch_size_(options.batch), class_targets_(class_targets) {
    torch::manual_seed(seed);
    auto build = options.build;
    build.device = torch::kCPU;
    batch_.inputs = synthetic_inputs(*options.spec, build, options.batch);
    const auto format = options.channels_last ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
    for (auto& input : batch_.inputs) {
      input = (input.dim() == 4 ? input.contiguous(format) : input).to(options.device);
    }
    auto shape = output;
    shape.at(0) *= options.batch;
    const bool classes = options.spec->classes > 0 && shape.size() == 2;
    const auto scores = shape.size() > 1 ? shape.at(1) : 1;
    if (class_targets || classes) {
      shape.erase(shape.begin() + 1);  // scores of classes lie along the second dimension
      auto labels = torch::randint(scores, shape, torch::kInt64);
      batch_.target = class_targets ? labels : torch::one_hot(labels, scores).to(torch::kFloat32);
    } else {
      const auto& range = options.spec->range;
      batch_.target = range.tokens ? torch::rand(shape) : torch::empty(shape).uniform_(range.low, range.high);
    }
    if (batch_.target.dim() == 4) {
      batch_.target = batch_.target.contiguous(format);  // as the output lies: a loss over two layouts is slow
    }
    batch_.target = batch_.target.to(options.device);
  }

  std::int64_t size() const override { return batch_size_; }
  bool has_classes() const override { return class_targets_; }
  bool synthetic() const override { return true; }
  Batch batch(std::int64_t /*first*/, std::int64_t /*count*/) override { return batch_; }
  void shuffle(std::uint64_t /*seed*/, std::int64_t /*epoch*/) override {}

 private:
  std::int64_t batch_size_;
  bool class_targets_;
  Batch batch_;
};

}  // namespace

std::unique_ptr<Dataset> make_synthetic(const DataOptions& options, std::uint64_t seed, bool class_targets,
                                        const std::vector<std::int64_t>& output) {
  return std::make_unique<Synthetic>(options, seed, class_targets, output);
}

}  // namespace impact::worker
