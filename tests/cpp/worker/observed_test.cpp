// What a phase says it ran in is what it ran in, not what it was asked for; small batches are met before the clock runs.
#include "worker/observed.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "driven.hpp"
#include "worker/compat.hpp"
#include "worker/process.hpp"

namespace impact::worker {
namespace {

Json observed(Model& model, std::int64_t passes = 2) {
  const auto data = make_synthetic(model.data_options(), 3, false, model.facts().scores);
  return driven(model, "infer", Limits{.passes = passes},
                [&](Protocol&, Phase& phase) { return model.run_inference(phase, *data); })["observed"];
}

TEST(Observed, LayoutIsThatOfTheConvolutions) {
  for (const char* layout : {"nchw", "channels_last"}) {
    auto model = loaded({{"network", "small-cnn"}, {"layout", layout}});
    const auto seen = observed(model);
    EXPECT_EQ(seen["layout"], layout);
    EXPECT_EQ(seen["layout_shares"], (Json{{layout, 1.0}}));
    EXPECT_EQ(seen["precision"], "fp32");
  }
}

/// Weights and inputs that were laid out otherwise behind the options' back show.
TEST(Observed, LayoutIsNotTheAskedOne) {
  auto model = loaded({{"network", "small-cnn"}, {"layout", "channels_last"}});
  for (auto& p : model.module().parameters()) {
    p.set_data(torch::empty_like(p, p.options(), torch::MemoryFormat::Contiguous).copy_(p));
  }
  auto options = model.data_options();
  options.channels_last = false;
  const auto data = make_synthetic(options, 3, false, model.facts().scores);
  const auto report = driven(model, "infer", Limits{.passes = 1},
                             [&](Protocol&, Phase& phase) { return model.run_inference(phase, *data); });
  EXPECT_EQ(report["layout"], "channels_last");
  EXPECT_EQ(report["observed"]["layout_shares"], (Json{{"nchw", 1.0}}));
}

TEST(Observed, PrecisionIsThatOfTheOutputs) {
  if (const auto why = no_bf16(); !why.empty()) {
    GTEST_SKIP() << why;
  }
  auto model = loaded({{"network", "small-cnn"}, {"precision", "bf16"}});
  EXPECT_EQ(observed(model)["precision"], "bf16");
  const auto trained = train(model, 2, false)["observed"];
  EXPECT_EQ(trained["precision_shares"], (Json{{"bf16", 1.0}}));
}

TEST(Observed, ATextHasNoLayout) {
  auto text = loaded({{"network", "small-gpt"}, {"size", 8}});
  EXPECT_EQ(observed(text)["precision"], "fp32");
  EXPECT_TRUE(observed(text)["layout"].is_null());
}

TEST(Observed, TheFirstPassAloneIsLookedAt) {
  Observation observation;
  const torch::Device cpu(torch::kCPU);
  observation.begin(cpu);
  const auto x = torch::ones({2, 3});
  observation.first_pass_begins();
  ops::matmul(x, x.t());
  observation.first_pass_done();
  ops::matmul(x.to(torch::kFloat64), x.t().to(torch::kFloat64));
  observation.first_pass_done();
  observation.end(1);
  EXPECT_EQ(observation.report()["precision_shares"], (Json{{"fp32", 1.0}}));
}

TEST(Observed, ACensusWeighsByMultiplyAdds) {
  ops::Census census;
  EXPECT_THROW(ops::Census(), std::logic_error);
  const auto image = torch::ones({1, 2, 4, 4}).contiguous(torch::MemoryFormat::ChannelsLast);
  census.add(false, image, 30);
  census.add(false, image.contiguous(), 20);
  census.add(false, image.slice(3, 0, 3).transpose(1, 2), 5);
  census.add(false, torch::ones({4, 2, 1, 1}), 7);
  census.add(true, torch::ones({3, 3}, torch::kBFloat16), 40);
  EXPECT_EQ(census.formats().at(torch::MemoryFormat::ChannelsLast), 30);
  EXPECT_EQ(census.formats().at(torch::MemoryFormat::Contiguous), 20);
  EXPECT_EQ(census.formats().at(torch::MemoryFormat::Preserve), 5);
  EXPECT_EQ(census.types().at({torch::kFloat32, false}), 62);
  EXPECT_EQ(census.types().at({torch::kBFloat16, true}), 40);
}

TEST(Observed, ThreadsAreThoseWithARealPart) {
  using Times = std::map<std::int64_t, std::int64_t>;
  EXPECT_EQ(threads_at_work(Times{{1, 100}, {2, 100}}, Times{{1, 1100}, {2, 140}, {3, 900}}), 2);
  EXPECT_EQ(threads_at_work(Times{}, Times{{1, 1000}, {2, 50}}), 2);
  EXPECT_FALSE(threads_at_work(Times{}, Times{}).has_value());
  EXPECT_FALSE(threads_at_work(Times{{1, 5}}, Times{{1, 5}}).has_value());
}

TEST(Observed, AThreadThatWorksHasItsTime) {
  const auto before = process::thread_cpu_ns();
  if (before.empty()) {
    GTEST_SKIP() << "this kernel tells no times of threads";
  }
  const auto begin = std::chrono::steady_clock::now();
  auto model = loaded({{"network", "small-cnn"}});
  Json seen;
  do {  // other programs may hold the processor
    seen = observed(model, 200);
  } while (seen["threads"].is_null() && std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
  EXPECT_EQ(seen["threads"], 1);
  EXPECT_GT(seen["busy_cpus"].get<double>(), 0.0);
}

/// Writes down what it is asked for.
class Asked final : public Dataset {
 public:
  explicit Asked(std::int64_t size) : size_(size) {}
  std::int64_t size() const override { return size_; }
  bool has_classes() const override { return true; }
  bool synthetic() const override { return false; }
  Batch batch(std::int64_t /*first*/, std::int64_t count) override {
    counts.push_back(count);
    return {{torch::ones({count, 1, 28, 28})}, torch::zeros({count}, torch::kInt64)};
  }
  void shuffle(std::uint64_t /*seed*/, std::int64_t /*epoch*/) override {}
  std::vector<std::int64_t> counts;

 private:
  std::int64_t size_;
};

using Sizes = std::vector<std::int64_t>;

TEST(SmallBatches, AreThoseAtTheEndsOfDataAndLimit) {
  auto model = loaded({{"network", "small-cnn"}});
  const Asked data(100);
  EXPECT_EQ(smaller_batches(data, 32, Limits{.epochs = 2}), (Sizes{4}));
  EXPECT_EQ(smaller_batches(data, 25, Limits{.epochs = 2}), Sizes{});
  EXPECT_EQ(smaller_batches(data, 200, Limits{.epochs = 2}), Sizes{});  // every batch is of 100
  EXPECT_EQ(smaller_batches(data, 32, Limits{.passes = 3}), Sizes{});   // ends before
  EXPECT_EQ(smaller_batches(data, 32, Limits{.passes = 4}), (Sizes{4}));
  EXPECT_EQ(smaller_batches(data, 32, Limits{.images = 50}), (Sizes{18}));
  EXPECT_EQ(smaller_batches(data, 32, Limits{.images = 150}), (Sizes{4, 18}));
  EXPECT_EQ(smaller_batches(data, 32, Limits{.passes = 1, .images = 50}), Sizes{});
  const auto synthetic = make_synthetic(model.data_options(), 3, true, model.facts().scores);
  EXPECT_EQ(smaller_batches(*synthetic, 2, Limits{.images = 5}), Sizes{});
}

TEST(SmallBatches, OfAnEpochThatIsGoneOnWithAreThoseOfItsRest) {
  const Asked data(100);
  EXPECT_EQ(smaller_batches(data, 32, Limits{.passes = 1, .epochs = 1}, 64), Sizes{});
  EXPECT_EQ(smaller_batches(data, 32, Limits{.passes = 2, .epochs = 1}, 64), (Sizes{4}));
  EXPECT_EQ(smaller_batches(data, 32, Limits{.epochs = 1}, 50), (Sizes{18}));
  EXPECT_EQ(smaller_batches(data, 32, Limits{.epochs = 2}, 50), (Sizes{4, 18}));
  EXPECT_EQ(smaller_batches(data, 32, Limits{.images = 40}, 64), (Sizes{4}));
}

/// The sizes that a phase runs beside the full one are the sizes that were foreseen.
TEST(SmallBatches, AreWhatAPhaseComesTo) {
  for (const auto& limits :
       {Limits{.epochs = 2}, Limits{.images = 7}, Limits{.images = 14, .epochs = 3}, Limits{.passes = 2}}) {
    auto model = loaded({{"network", "small-cnn"}, {"batch", 4}});
    Asked data(10);
    TrainOptions options;
    options.loss = "cross_entropy";
    train_on(model, data, options, limits, false);
    std::set<std::int64_t> met(data.counts.begin(), data.counts.end());
    met.erase(4);
    const auto foreseen = smaller_batches(data, 4, limits);
    EXPECT_EQ(met, std::set<std::int64_t>(foreseen.begin(), foreseen.end()));
  }
}

TEST(SmallBatches, ARehearsalLeavesNoTrace) {
  auto model = loaded({{"network", "small-cnn"}, {"batch", 4}});
  train(model, 2, false);
  const auto before = copy_of(model.module());
  Asked data(10);
  for (const auto pass : {Model::Pass::train, Model::Pass::evaluate, Model::Pass::infer}) {
    model.rehearse(pass, data, 2, "cross_entropy");
  }
  EXPECT_EQ(data.counts, (Sizes{2, 2, 2}));
  expect_same(copy_of(model.module()), before);
  auto other = loaded({{"network", "small-cnn"}, {"batch", 4}});
  train(other, 2, false);
  train(other, 3, true);
  train(model, 3, true);
  expect_same(copy_of(model.module()), copy_of(other.module()));
}

TEST(SmallBatches, NothingIsRehearsedOnACpu) {
  auto model = loaded({{"network", "small-cnn"}, {"batch", 4}});
  Asked data(10);
  model.meet_small_batches(Model::Pass::train, data, Limits{.epochs = 1}, "cross_entropy");
  EXPECT_TRUE(data.counts.empty());
}

}  // namespace
}  // namespace impact::worker
