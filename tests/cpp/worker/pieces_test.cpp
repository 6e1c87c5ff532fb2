// A training that is interrupted within its epochs is the training that is not: batch by batch, to the last bit.
#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "driven.hpp"
#include "folder.hpp"

namespace impact::worker {
namespace {

/// Twenty-six examples of random values and classes, in an order that the epoch decides.
class Shuffled : public Dataset {
 public:
  explicit Shuffled(const Model& model, std::int64_t size = 26) : options_(model.data_options()) {
    torch::manual_seed(11);
    inputs_ = torch::rand({size, 3, 32, 32});
    target_ = torch::randint(0, 10, {size}, torch::kInt64);
    order_ = torch::arange(size);
  }
  [[nodiscard]] std::int64_t size() const override { return inputs_.size(0); }
  [[nodiscard]] bool has_classes() const override { return true; }
  [[nodiscard]] bool synthetic() const override { return false; }
  Batch batch(std::int64_t first, std::int64_t count) override {
    const auto chosen = order_.slice(0, first, first + count);
    return {{inputs_.index_select(0, chosen)}, target_.index_select(0, chosen)};
  }
  void shuffle(std::uint64_t seed, std::int64_t epoch) override {
    std::mt19937_64 random(seed * 1000 + static_cast<std::uint64_t>(epoch));
    std::vector<std::int64_t> order(static_cast<std::size_t>(size()));
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    order_ = torch::tensor(order, torch::kInt64);
  }

 private:
  DataOptions options_;
  Tensor inputs_, target_, order_;
};

Model small() {
  return loaded({{"network", "small-cnn"}, {"batch", 4}, {"size", 32}, {"channels", 3}, {"classes", 10}});
}

TrainOptions scheduled(double from, double to, bool goes_on) {
  TrainOptions options;
  options.loss = "cross_entropy";
  options.lr_schedule = "cosine";
  options.schedule_from = from;
  options.schedule_to = to;
  options.continue_epoch = goes_on;
  return options;
}

TEST(Pieces, AreTheTrainingThatIsNotInterrupted) {
  auto whole = small();
  Shuffled data(whole);
  for (int epoch = 0; epoch < 2; ++epoch) {
    const auto done =
        train_on(whole, data, scheduled(epoch / 2.0, (epoch + 1) / 2.0, false), Limits{.epochs = 1}, epoch > 0);
    EXPECT_EQ(done["epochs_trained"], epoch + 1.0);
  }
  std::mt19937 random(5);
  for (int course = 0; course < 3; ++course) {
    auto divided = small();
    Shuffled same(divided);
    for (int epoch = 0; epoch < 2; ++epoch) {
      std::int64_t passes = 0;  // of the seven in an epoch
      std::int64_t images = 0;
      while (passes < 7) {
        const auto next = std::min<std::int64_t>(7, passes + std::uniform_int_distribution<std::int64_t>(1, 4)(random));
        const auto at = [&](std::int64_t pass) { return (epoch + static_cast<double>(pass) / 7.0) / 2.0; };
        const Limits limits{.passes = next - passes, .epochs = 1};
        const auto done =
            train_on(divided, same, scheduled(at(passes), at(next), passes > 0), limits, epoch > 0 || passes > 0);
        images += done["images"].get<std::int64_t>();
        EXPECT_NEAR(done["epochs_trained"].get<double>(), epoch + static_cast<double>(images) / 26.0, 1e-12);
        EXPECT_EQ(done["epochs"].size(), next == 7 ? 1U : 0U);
        passes = next;
      }
      EXPECT_EQ(images, 26);
    }
    expect_close(copy_of(divided.module()), copy_of(whole.module()), 1e-6);
  }
}

TEST(Pieces, WithoutGoingOnTheEpochBeginsAnew) {
  auto model = small();
  Shuffled data(model);
  train_on(model, data, scheduled(0, 1, false), Limits{.passes = 3}, false);
  EXPECT_EQ(model.begun_images(data), 12);
  const auto done = train_on(model, data, scheduled(0, 1, false), Limits{.epochs = 1}, true);
  EXPECT_EQ(done["images"], 26);
  EXPECT_EQ(model.begun_images(data), 0);
}

TEST(Pieces, ACheckpointKnowsWhereWithinItsEpochItIs) {
  auto model = small();
  Shuffled data(model);
  train_on(model, data, scheduled(0, 0.5, false), Limits{.passes = 3}, false);
  const auto file = model.checkpoint();
  auto other = small();
  other.resume(file);
  for (auto* each : {&model, &other}) {
    const auto done = train_on(*each, data, scheduled(0.5, 1, true), Limits{.epochs = 1}, true);
    EXPECT_EQ(done["images"], 14);
  }
  expect_same(copy_of(model.module()), copy_of(other.module()));
  auto older = file;
  older.metadata.erase("epoch_images");
  other.resume(older);
  EXPECT_EQ(other.begun_images(data), 0);
}

}  // namespace
}  // namespace impact::worker
